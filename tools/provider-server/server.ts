/** Serves our providers to the real terraform, which is told of them by TF_REATTACH_PROVIDERS. */
import { diagnosticsOf } from "@doge/core";
import type { Provider, ProviderContext } from "@doge/engine";
import {
  type GrpcObject,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { definition } from "./descriptor.ts";
import { type Call, diagnosticMessage, type Request, serviceOf } from "./service.ts";

export interface ProviderServer {
  /** The value of TF_REATTACH_PROVIDERS. */
  readonly reattach: string;
  stop(): void;
}

interface Unary {
  readonly request: Request;
  getPeer(): string;
}

const { service } = (loadPackageDefinition(definition)["tfplugin6"] as GrpcObject)[
  "Provider"
] as ServiceClientConstructor;

/** Listens on a port of its own for each provider: a request doesn't say whom it is for. */
export async function serveProviders(
  providers: readonly Provider[],
  context: ProviderContext,
): Promise<ProviderServer> {
  const servers = await Promise.all(providers.map((provider) => serve(serviceOf(provider, context))));
  const entries = providers.map((provider, i) => [
    `registry.terraform.io/${provider.source}`,
    {
      Protocol: "grpc",
      ProtocolVersion: 6,
      // Terraform ends this process should the port refuse: it listens by now.
      Pid: process.pid,
      Test: true,
      Addr: { Network: "tcp", String: `127.0.0.1:${servers[i]?.port}` },
    },
  ]);
  return {
    reattach: JSON.stringify(Object.fromEntries(entries)),
    stop: () => servers.forEach(({ server }) => server.forceShutdown()),
  };
}

async function serve(calls: Readonly<Record<string, Call>>): Promise<{ server: Server; port: number }> {
  const unlimited = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
  const server = new Server(unlimited);
  server.addService(service, implementation(calls));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (problem, bound) =>
      problem ? reject(problem) : resolve(bound),
    );
  });
  return { server, port };
}

function implementation(calls: Readonly<Record<string, Call>>): UntypedServiceImplementation {
  const answer =
    (call: Call) =>
    (unary: Unary, callback: (problem: null, response: object) => void): void => {
      Promise.resolve()
        .then(() => call(unary.request, unary.getPeer()))
        .catch((thrown: unknown) => ({ diagnostics: diagnosticsOf(thrown).map(diagnosticMessage) }))
        .then((response) => callback(null, response))
        .catch((thrown: unknown) => unary.getPeer() && process.emitWarning(String(thrown)));
    };
  return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, answer(call)]));
}
