export { createNetwork } from "./network.ts";
export { openFrontDoor, type FrontDoor, type FrontDoorOptions } from "./front-door.ts";
