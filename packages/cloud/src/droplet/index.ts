export { createDroplets } from "./droplets.ts";
export type { DropletsOptions } from "./machine.ts";
