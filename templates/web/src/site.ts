/** What the site calls itself. */
export const site = {
  name: "{{name}}",
  slug: "{{slug}}",
  description: "{{description}}",
} as const;
