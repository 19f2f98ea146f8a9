/** The stand-in for GitHub. */
export { createGitHub } from "./github.ts";
