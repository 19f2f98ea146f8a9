// Bad on purpose: the engine must not know a vendor, nor reach the file system past core's ports.
import { readFileSync } from "node:fs";
import { fake } from "../../providers/src/fake.ts";

export const bad = [fake, readFileSync];
