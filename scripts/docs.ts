/**
 * Builds the documentation site into `site/`: the guides and the reference, by TypeDoc. Ends with 1 at any warning.
 *
 *     npm run docs
 *
 * TypeDoc reads copies of the Markdown files: there, a page's heading is its title in the navigation too, and the
 * pictures of the README, whose absolute addresses npm needs, are the ones of this directory.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Application, Converter, ReflectionKind, type TypeDocOptions } from "typedoc";
import { isPlaceholder, pictureUrl, repositoryUrl } from "./repository.js";

const ROOT = join(import.meta.dirname, "..");
const COPIES = join(ROOT, "node_modules", ".cache", "docs");

/** In the order of the navigation. */
const GUIDES = [
  "getting-started",
  "choosing-a-session",
  "servers",
  "serverless-and-edge",
  "agents",
  "retrieval",
  "steps",
  "costs-and-budgets",
  "responses-api",
  "transports",
  "other-clients",
  "observability",
  "cli",
  "testing",
  "troubleshooting",
  "migration",
  "faq",
  "versions",
].map((name) => `docs/${name}.md`);

/** Guides that have no place yet come after the others. */
const UNLISTED = readdirSync(join(ROOT, "docs"))
  .filter((file) => file.endsWith(".md") && !GUIDES.includes(`docs/${file}`))
  .map((file) => `docs/${file}`);

const DOCUMENTS = [
  ...GUIDES,
  ...UNLISTED,
  "examples/express-chat/README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
];

function copyMarkdown(): void {
  rmSync(COPIES, { recursive: true, force: true });
  for (const path of ["docs", "examples", "LICENSE", ".ci", "test/README.md"]) {
    cpSync(join(ROOT, path), join(COPIES, path), { recursive: true });
  }
  for (const path of ["README.md", ...DOCUMENTS]) {
    const text = readFileSync(join(ROOT, path), "utf8").replaceAll(pictureUrl(""), "docs/pictures/");
    const [heading = "", title] = /^# (.*)\n/.exec(text) ?? [];
    if (!title) throw new Error(`${path} does not begin with a heading`);
    mkdirSync(dirname(join(COPIES, path)), { recursive: true });
    // Above the README, TypeDoc writes the package's name itself.
    const frontMatter = `---\ntitle: ${JSON.stringify(title)}\ngroup: Guides\n---\n`;
    const copy = path === "README.md" ? text.slice(heading.length) : frontMatter + text;
    writeFileSync(join(COPIES, path), copy);
  }
}

/** The sources alone: TypeDoc would read the tests too. */
const TSCONFIG = { extends: join(ROOT, "tsconfig.json"), include: [join(ROOT, "src")] };

const options: TypeDocOptions = {
  name: "langchain-litellm-session",
  entryPoints: [join(ROOT, "src/index.ts")],
  tsconfig: join(COPIES, "tsconfig.json"),
  skipErrorChecking: true, // `npm run typecheck` does it.
  out: join(ROOT, "site"),
  readme: join(COPIES, "README.md"),
  projectDocuments: DOCUMENTS.map((path) => join(COPIES, path)),
  includeVersion: true,
  hideGenerator: true,
  customCss: join(import.meta.dirname, "docs.css"),
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  // What is inherited is in LangChain's own reference.
  excludeExternals: true,
  disableGit: true,
  disableSources: isPlaceholder(),
  sourceLinkTemplate: `${repositoryUrl()}/blob/HEAD/{path}#L{line}`,
  searchInComments: true,
  searchInDocuments: true,
  highlightLanguages: ["typescript", "javascript", "shellscript", "json", "yaml", "text"],
  // Guides come first in the navigation.
  groupOrder: ["Guides", "*"],
  navigation: { includeGroups: true },
  treatWarningsAsErrors: true,
  // Types that only other types are made of are not exported.
  validation: { notExported: false, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: ["Class", "Interface", "Variable", "TypeAlias"],
};

copyMarkdown();
writeFileSync(join(COPIES, "tsconfig.json"), JSON.stringify(TSCONFIG));
const app = await Application.bootstrap(options);
// LangChain's hooks, which the classes implement, are not for users.
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  for (const each of project.getReflectionsByKind(ReflectionKind.ClassMember)) {
    if (each.name.startsWith("_")) project.removeReflection(each);
  }
});
const project = await app.convert();
if (!project) process.exit(1);
app.validate(project);
await app.generateOutputs(project);
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1);
