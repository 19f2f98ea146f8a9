export { createDroplets } from "./droplets.ts";
