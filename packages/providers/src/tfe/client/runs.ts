import type { Clock } from "@doge/core";
import { hasStatus, ifFound } from "../../shared/errors.ts";
import { type JsonApi, type Resource, segment } from "./jsonapi.ts";

export interface ConfigurationVersionAttributes {
  readonly status: "pending" | "fetching" | "uploaded" | "archived" | "errored";
  readonly "upload-url"?: string | null;
  readonly speculative?: boolean;
  readonly "error-message"?: string | null;
}

export interface RunAttributes {
  readonly status: string;
  readonly message?: string | null;
  readonly "has-changes": boolean;
  readonly "is-destroy"?: boolean;
  readonly "auto-apply"?: boolean;
  readonly "plan-only"?: boolean;
  readonly "created-at"?: string;
  readonly actions?: Readonly<Record<string, boolean>>;
}

/** A plan or an apply. */
export interface PhaseAttributes {
  readonly status:
    | "pending"
    | "managed_queued"
    | "queued"
    | "running"
    | "finished"
    | "errored"
    | "canceled"
    | "unreachable";
  readonly "has-changes"?: boolean;
  readonly "log-read-url"?: string | null;
  readonly "resource-additions"?: number | null;
  readonly "resource-changes"?: number | null;
  readonly "resource-destructions"?: number | null;
}

export type ConfigurationVersion = Resource<ConfigurationVersionAttributes>;
export type Run = Resource<RunAttributes>;
export type Phase = Resource<PhaseAttributes>;

export interface RunRequest {
  readonly workspace: string;
  readonly configurationVersion?: string;
  readonly message?: string;
  readonly autoApply?: boolean;
  readonly destroy?: boolean;
  readonly planOnly?: boolean;
  readonly savePlan?: boolean;
  readonly refresh?: boolean;
  readonly refreshOnly?: boolean;
  readonly targets?: readonly string[];
  readonly replace?: readonly string[];
  /** Values are HCL expressions: `"\"text\""`. */
  readonly variables?: readonly { readonly key: string; readonly value: string }[];
}

export interface ConfigurationVersions {
  /** `speculative`: for a plan that can never be applied. */
  create(workspace: string, options?: { readonly speculative?: boolean }): Promise<ConfigurationVersion>;
  get(id: string): Promise<ConfigurationVersion | undefined>;
  /** `archive` is a tar.gz of the configuration's folder. */
  upload(version: ConfigurationVersion, archive: Uint8Array): Promise<void>;
}

export function configurationVersions(api: JsonApi): ConfigurationVersions {
  return {
    create: (workspace, options = {}) =>
      api.one<ConfigurationVersionAttributes>("POST", `/workspaces/${segment(workspace)}/configuration-versions`, {
        type: "configuration-versions",
        attributes: { "auto-queue-runs": false, speculative: options.speculative ?? false },
      }),
    get: (id) => ifFound(api.one<ConfigurationVersionAttributes>("GET", `/configuration-versions/${segment(id)}`)),
    upload: async (version, archive) => {
      const url = version.attributes["upload-url"];
      if (!url) throw new Error(`configuration version ${version.id} has no upload address`);
      await api.send("PUT", url, {
        bytes: archive,
        anonymous: true,
        headers: { "content-type": "application/octet-stream" },
        timeoutMilliseconds: 120_000,
      });
    },
  };
}

export interface Runs {
  create(request: RunRequest): Promise<Run>;
  get(id: string): Promise<Run | undefined>;
  list(workspace: string): Promise<Run[]>;
  apply(id: string, comment?: string): Promise<void>;
  /** Ends a run, whatever it is at: discards one that waits, cancels one that works. */
  stop(id: string, comment?: string): Promise<void>;
}

/** Statuses of runs that came to nothing. */
export const failedRuns: ReadonlySet<string> = new Set([
  "errored",
  "discarded",
  "canceled",
  "force_canceled",
  "policy_soft_failed",
]);
/** Statuses that a run never leaves. */
export const endedRuns: ReadonlySet<string> = new Set(["planned_and_finished", "applied", ...failedRuns]);

/** What a run can still be asked to do may change between the look and the act. */
const STOP_ATTEMPTS = 5;

export function runs(api: JsonApi): Runs {
  const at = (id: string) => `/runs/${segment(id)}`;
  const act = (action: string) => async (id: string, comment?: string) =>
    void (await api.send("POST", `${at(id)}/actions/${action}`, { body: comment ? { comment } : {} }));
  const get = (id: string) => ifFound(api.one<RunAttributes>("GET", at(id)));
  return {
    create: (request) =>
      api.one<RunAttributes>("POST", "/runs", {
        type: "runs",
        attributes: {
          ...(request.message === undefined ? {} : { message: request.message }),
          "auto-apply": request.autoApply ?? false,
          "is-destroy": request.destroy ?? false,
          "plan-only": request.planOnly ?? false,
          "save-plan": request.savePlan ?? false,
          refresh: request.refresh ?? true,
          "refresh-only": request.refreshOnly ?? false,
          ...(request.targets ? { "target-addrs": request.targets } : {}),
          ...(request.replace ? { "replace-addrs": request.replace } : {}),
          ...(request.variables ? { variables: request.variables } : {}),
        },
        relationships: {
          workspace: { data: { type: "workspaces", id: request.workspace } },
          ...(request.configurationVersion
            ? {
                "configuration-version": { data: { type: "configuration-versions", id: request.configurationVersion } },
              }
            : {}),
        },
      }),
    get,
    list: (workspace) => api.all<RunAttributes>(`/workspaces/${segment(workspace)}/runs`),
    apply: act("apply"),
    async stop(id, comment) {
      for (let attempt = 1; ; attempt++) {
        const actions = (await get(id))?.attributes.actions;
        const action = actions?.["is-discardable"] ? "discard" : actions?.["is-cancelable"] ? "cancel" : undefined;
        if (action === undefined) return;
        try {
          return await act(action)(id, comment);
        } catch (thrown) {
          if (!hasStatus(thrown, 409) || attempt >= STOP_ATTEMPTS) throw thrown;
        }
      }
    },
  };
}

export interface Phases {
  get(id: string): Promise<Phase | undefined>;
  /**
   * The log as it is written, in pieces, without its start and end marks: ends with the log, or when the
   * phase is over without one.
   */
  log(id: string): AsyncGenerator<string>;
}

export interface Plans extends Phases {
  /** The plan in Terraform's own JSON; undefined until it is finished. Needs admin access to the workspace. */
  json(id: string): Promise<unknown>;
}

const start = 0x02;
const end = 0x03;
const over = new Set(["finished", "errored", "canceled", "unreachable"]);

export function phases(api: JsonApi, clock: Clock, kind: "plans" | "applies", signal?: AbortSignal): Phases {
  const get = (id: string) => ifFound(api.one<PhaseAttributes>("GET", `/${kind}/${segment(id)}`));
  return {
    get,
    async *log(id) {
      let phase = await get(id);
      let url = phase?.attributes["log-read-url"];
      while (phase && !url && !over.has(phase.attributes.status)) {
        await clock.sleep(500, signal);
        phase = await get(id);
        url = phase?.attributes["log-read-url"];
      }
      if (!url) return;

      const decoder = new TextDecoder();
      for (let offset = 0, quiet = 0; ;) {
        const separator = url.includes("?") ? "&" : "?";
        const answer = await api.send("GET", `${url}${separator}limit=65536&offset=${offset}`, { anonymous: true });
        const bytes = answer.body;
        offset += bytes.length;
        const finished = bytes.at(-1) === end;
        const body = bytes.subarray(bytes[0] === start && offset === bytes.length ? 1 : 0, finished ? -1 : undefined);
        const text = decoder.decode(body, { stream: !finished });
        if (text) yield text;
        if (finished) return;
        if (bytes.length > 0) quiet = 0;
        else {
          // A log that was cut off never ends: the phase itself tells that it is over.
          const status = (await get(id))?.attributes.status ?? "unreachable";
          if (over.has(status) && quiet++ > 3) return;
          await clock.sleep(400, signal);
        }
      }
    },
  };
}

export const plans = (api: JsonApi, clock: Clock, signal?: AbortSignal): Plans => ({
  ...phases(api, clock, "plans", signal),
  json: async (id) => {
    const answer = await ifFound(api.send("GET", `/plans/${segment(id)}/json-output`));
    return answer === undefined || answer.status === 204 ? undefined : answer.json();
  },
});
