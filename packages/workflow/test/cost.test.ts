import { expect, test } from "vitest";
import { costLine, monthlyCost } from "../src/executors/cost.ts";

const droplet = (name: string, before: unknown, after: unknown) => ({
  address: `digitalocean_droplet.${name}`,
  type: "digitalocean_droplet",
  change: { before, after },
});
const small = { size: "s-1vcpu-1gb", price_monthly: 6 };
const listed = (after: number) => ({ monthly_cost: { before: null, after } });

test("a new droplet costs what DigitalOcean lists for its size", () => {
  const cost = monthlyCost({
    resource_changes: [droplet("this", null, { size: "s-1vcpu-2gb" })],
    output_changes: listed(12),
  });
  expect(cost).toEqual({ before: 0, after: 12, unpriced: [] });
  expect(cost && costLine(cost)).toBe("Monthly cost of droplets: $0.00 → $12.00");
});

test("another size costs its own price, though the plan keeps the old one", () => {
  const cost = monthlyCost({
    resource_changes: [droplet("this", small, { size: "s-1vcpu-2gb", price_monthly: 6 })],
    output_changes: listed(12),
  });
  expect(cost).toEqual({ before: 6, after: 12, unpriced: [] });
});

test("nothing changes: one sum", () => {
  const cost = monthlyCost({ resource_changes: [droplet("this", small, small)], output_changes: listed(6) });
  expect(cost && costLine(cost)).toBe("Monthly cost of droplets: $6.00");
});

test("what is destroyed costs nothing any more", () => {
  const cost = monthlyCost({
    resource_changes: [droplet("this", small, null), droplet("[1]", small, null)],
    output_changes: { monthly_cost: { before: 6, after: null } },
  });
  expect(cost).toEqual({ before: 12, after: 0, unpriced: [] });
});

test("droplets of one's own: known where they stay, named where they are new or grow", () => {
  const cost = monthlyCost({
    resource_changes: [
      droplet("this", small, small),
      droplet("worker", small, small),
      droplet("grows", small, { ...small, size: "s-2vcpu-4gb" }),
      droplet("new", null, { size: "s-2vcpu-4gb" }),
    ],
    output_changes: listed(6),
  });
  expect(cost).toEqual({ before: 18, after: 12, unpriced: ["digitalocean_droplet.grows", "digitalocean_droplet.new"] });
  expect(cost && costLine(cost)).toBe(
    "Monthly cost of droplets: $18.00 → $12.00, and digitalocean_droplet.grows, digitalocean_droplet.new, priced once made",
  );
});

test("a plan without droplets says nothing of costs, nor does one that can't be read", () => {
  expect(monthlyCost({ resource_changes: [] })).toBeUndefined();
  expect(monthlyCost(undefined)).toBeUndefined();
});
