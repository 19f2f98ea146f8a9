/** The stand-in for GitHub: REST, GraphQL, git and web pages. */
export { createGitHub } from "./github.ts";
