import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

export interface Metrics {
  request(method: string, route: string, status: number, milliseconds: number): void;
  query(milliseconds: number): void;
  job(name: string, outcome: "done" | "failed"): void;
  /** Prometheus' text format. */
  text(): Promise<string>;
}

export function createMetrics(release: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({ name: "app_info", help: "1, with the release as a label", labelNames: ["release"], registers: [registry] }).set(
    { release },
    1,
  );
  const requests = new Histogram({
    name: "http_request_duration_seconds",
    help: "Requests by method, route and status",
    labelNames: ["method", "route", "status"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  const queries = new Histogram({
    name: "database_query_duration_seconds",
    help: "Queries",
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers: [registry],
  });
  const jobs = new Counter({
    name: "jobs_total",
    help: "Jobs by name and outcome",
    labelNames: ["name", "outcome"],
    registers: [registry],
  });
  return {
    request: (method, route, status, ms) => requests.observe({ method, route, status }, ms / 1000),
    query: (ms) => queries.observe(ms / 1000),
    job: (name, outcome) => jobs.inc({ name, outcome }),
    text: () => registry.metrics(),
  };
}
