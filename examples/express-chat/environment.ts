import { z } from "zod";

const PROXY = "set it to the URL of your LiteLLM proxy, such as http://localhost:4000";
const DATABASE = "set it to a URL such as postgresql://user:password@localhost:5432/chat";
const PORT = "set it to a number from 0 to 65535";

const Environment = z.object({
  LITELLM_BASE_URL: z.url({ protocol: /^https?$/, error: PROXY }),
  LITELLM_API_KEY: z.string().default("none"),
  LITELLM_MODEL: z.string().default("gpt-4o"),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: DATABASE }).optional(),
  PORT: z.coerce.number(PORT).int(PORT).min(0, PORT).max(65_535, PORT).default(3_000),
});

// A variable that is set to nothing counts as unset.
const given = Object.entries(process.env).filter(([, value]) => value !== "");
const parsed = Environment.safeParse(Object.fromEntries(given));

if (!parsed.success) {
  for (const { path, message } of parsed.error.issues) console.error(`express-chat: ${path.join(".")}: ${message}`);
  process.exit(1);
}

/** What the app is told from outside. */
export const environment = parsed.data;
