// A browser: the page's server forwards requests to the gateway.
import { check } from "./check.mjs";

const said = await check(`${location.origin}/v1`, { hasImplicitConfig: false }).then(
  () => "done",
  (error) => String(error?.stack ?? error),
);
await fetch("/said", { method: "POST", body: said });
