// Bad on purpose: a stand-in that shares its client's types shares its bugs.
import { fake } from "../../providers/src/fake.ts";

export const bad = fake;
