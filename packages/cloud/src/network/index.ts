export { createNetwork } from "./network.ts";
export { openFrontDoor, type FrontDoor } from "./front-door.ts";
