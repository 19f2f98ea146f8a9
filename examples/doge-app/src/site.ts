/** What the site calls itself. */
export const site = {
  name: "Doge App",
  slug: "doge-app",
  description: "Doge App, deployed by Doge",
} as const;
