/** The stand-in for GitHub: REST, GraphQL, git and web pages. */
export { createGitHub, type GitHub, type GitHubOptions } from "./github.ts";
