import { monitorEventLoopDelay } from "node:perf_hooks";

/**
 * Counters in Prometheus' text format, which is small; its usual client loads 90 modules at every start.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export interface Metrics {
  request(method: string, route: string, status: number, milliseconds: number): void;
  query(milliseconds: number): void;
  job(name: string, outcome: "done" | "failed"): void;
  text(): string;
}

const header = (name: string, type: string, help: string): string => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;

class Histogram {
  readonly #series = new Map<string, { readonly counts: number[]; sum: number }>();
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
  }

  /** `labels` as they are printed: `method="GET",status="200"`. */
  observe(labels: string, value: number): void {
    let series = this.#series.get(labels);
    if (!series) this.#series.set(labels, (series = { counts: Array.from({ length: this.#bounds.length + 1 }, () => 0), sum: 0 }));
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const at = found < 0 ? this.#bounds.length : found;
    series.counts[at] = (series.counts[at] ?? 0) + 1;
    series.sum += value;
  }

  text(): string {
    let text = header(this.#name, "histogram", this.#help);
    for (const [labels, { counts, sum }] of this.#series) {
      const more = labels && `,${labels}`;
      let count = 0;
      for (const [at, own] of counts.entries()) {
        count += own;
        text += `${this.#name}_bucket{le="${this.#bounds[at] ?? "+Inf"}"${more}} ${count}\n`;
      }
      const only = labels && `{${labels}}`;
      text += `${this.#name}_sum${only} ${sum}\n${this.#name}_count${only} ${count}\n`;
    }
    return text;
  }
}

export function createMetrics(release: string): Metrics {
  const requests = new Histogram("http_request_duration_seconds", "Requests by method, route and status", [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]);
  const queries = new Histogram("database_query_duration_seconds", "Queries", [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]);
  const jobs = new Map<string, number>();
  const delay = monitorEventLoopDelay();
  delay.enable();

  const processText = (): string => {
    const { user, system } = process.cpuUsage();
    const memory = process.memoryUsage();
    const gauges: readonly (readonly [name: string, type: string, help: string, value: number])[] = [
      ["process_cpu_seconds_total", "counter", "Processor time", (user + system) / 1e6],
      ["process_start_time_seconds", "gauge", "Start, since 1970", performance.timeOrigin / 1000],
      ["process_resident_memory_bytes", "gauge", "Memory of the process", memory.rss],
      ["nodejs_heap_size_used_bytes", "gauge", "Memory that JavaScript uses", memory.heapUsed],
      ["nodejs_eventloop_lag_p99_seconds", "gauge", "How late timers are", delay.percentile(99) / 1e9],
    ];
    return gauges.map(([name, type, help, value]) => `${header(name, type, help)}${name} ${value}\n`).join("");
  };

  return {
    request: (method, route, status, ms) => requests.observe(`method="${method}",route="${route}",status="${status}"`, ms / 1000),
    query: (ms) => queries.observe("", ms / 1000),
    job(name, outcome) {
      const labels = `name="${name}",outcome="${outcome}"`;
      jobs.set(labels, (jobs.get(labels) ?? 0) + 1);
    },
    text: () =>
      [
        `${header("app_info", "gauge", "1, with the release as a label")}app_info{release="${release}"} 1\n`,
        requests.text(),
        queries.text(),
        header("jobs_total", "counter", "Jobs by name and outcome"),
        ...[...jobs].map(([labels, count]) => `jobs_total{${labels}} ${count}\n`),
        processText(),
      ].join(""),
  };
}
