import type { Provider } from "@doge/engine";
import { digitalocean } from "@doge/providers/digitalocean";
import { github } from "@doge/providers/github";
import { tfe } from "@doge/providers/tfe";
import { tls } from "@doge/providers/tls";

/** The providers that Doge carries. A new one is a line here. */
export const providers: readonly Provider[] = [digitalocean, github, tfe, tls];
