/** The Terraform language at work: configuration → expressions → graph → plan → apply → state. */
export * from "./build.ts";
export * from "./provider.ts";
export * from "./schema.ts";
