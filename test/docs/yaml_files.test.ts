import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import packageJson from "../../package.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "..", "..");
const read = (path: string) => parse(readFileSync(join(ROOT, path), "utf8"));

interface Step {
  run?: string;
}

const WORKFLOWS = readdirSync(join(ROOT, ".github/workflows"));

it.each(WORKFLOWS)("the scripts that the workflow %s runs exist", (file) => {
  const { jobs } = read(`.github/workflows/${file}`) as { jobs: Record<string, { steps: Step[] }> };
  const runs = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
  const scripts = runs.flatMap((run) => [...run.matchAll(/npm run ([\w:]+)/g)].map(([, script]) => script));
  expect(runs).toContain("npm ci");
  for (const script of scripts) expect(Object.keys(packageJson.scripts)).toContain(script);
});

it("the workflow CI runs the parts of .ci/run on Node 20 to 26", () => {
  const { jobs } = read(".github/workflows/ci.yml");
  const { matrix } = jobs.test.strategy;
  expect(matrix.node.map(Number.parseFloat).map(Math.trunc)).toEqual([20, 22, 24, 26]);
  const parts = [
    ...matrix.part,
    ...["runtimes", "litellm"].map((job) => jobs[job].steps.at(-1).run.replace("npm run ", "")),
  ];
  const script = readFileSync(join(ROOT, ".ci/run"), "utf8");
  const run = [...script.matchAll(/^(?:vitest_part \w+|.*?\d+m) npm (?:run )?(test[\w:]*)/gm)].map(([, part]) => part);
  expect(parts.sort()).toEqual([...new Set(run)].sort());
});

it.each(readdirSync(join(ROOT, ".github/ISSUE_TEMPLATE")))("the issue template %s is YAML", (file) => {
  expect(read(`.github/ISSUE_TEMPLATE/${file}`)).toEqual(expect.any(Object));
});

it("the example's compose file mounts the config beside it, and serves this machine alone", () => {
  const { services } = read("examples/litellm/docker-compose.yml");
  const [volume] = services.litellm.volumes;
  expect(existsSync(join(ROOT, "examples/litellm", volume.split(":")[0]))).toBe(true);
  expect(services.litellm.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:4000:/)]);
  expect(services.litellm.environment.DATABASE_URL).toContain("@postgres:");
  expect(Object.keys(services)).toContain("postgres");
});

it("the guide's models are those of the example's proxy", () => {
  const { model_list } = read("examples/litellm/config.yaml");
  const guide = readFileSync(join(ROOT, "docs/getting-started.md"), "utf8");
  for (const { model_name } of model_list) expect(guide).toContain(`\`${model_name}\``);
});
