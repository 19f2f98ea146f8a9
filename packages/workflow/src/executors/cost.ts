/** Dollars a month, before and after a plan, by DigitalOcean's list prices of droplets. */
export interface MonthlyCost {
  readonly before: number;
  readonly after: number;
  /** Addresses of droplets whose price is known once they are there. */
  readonly unpriced: readonly string[];
}

interface Change {
  readonly before?: unknown;
  readonly after?: unknown;
  readonly after_unknown?: unknown;
}

/** The environment's own droplet; its price is the output `monthly_cost` before there is a droplet. */
const OWN = "digitalocean_droplet.this";

/**
 * What a plan costs, from Terraform's plan JSON 1.2: a droplet tells its price, and one that is new, or gets another size,
 * will. Undefined where the plan has no droplet.
 */
export function monthlyCost(planJson: unknown): MonthlyCost | undefined {
  const { resource_changes: changes = [], output_changes: outputs = {} } = (planJson ?? {}) as {
    readonly resource_changes?: readonly { readonly address: string; readonly type: string; readonly change: Change }[];
    readonly output_changes?: Readonly<Record<string, Change>>;
  };
  const droplets = changes.filter(({ type }) => type === "digitalocean_droplet");
  if (droplets.length === 0) return undefined;
  const listed = numberIn(outputs["monthly_cost"]?.after);
  const prices = droplets.map(({ address, change: { before, after } }) => ({
    address,
    before: price(before) ?? 0,
    after: after ? ((address === OWN ? listed : undefined) ?? kept(before, after)) : 0,
  }));
  return {
    before: sum(prices.map((each) => each.before)),
    after: sum(prices.map((each) => each.after ?? 0)),
    unpriced: prices.filter((each) => each.after === undefined).map((each) => each.address),
  };
}

/** `Monthly cost of droplets: $6.00 → $12.00`, with what is not in it. */
export function costLine({ before, after, unpriced }: MonthlyCost): string {
  const sums = [before, after].map((dollars) => `$${dollars.toFixed(2)}`);
  const missing = unpriced.length > 0 ? `, and ${unpriced.join(", ")}, priced once made` : "";
  return `Monthly cost of droplets: ${sums[0] === sums[1] ? sums[1] : sums.join(" → ")}${missing}`;
}

/** The official provider plans the old price for a new size. */
const kept = (before: unknown, after: unknown): number | undefined =>
  before && size(before) !== size(after) ? undefined : price(after);

const size = (droplet: unknown): unknown => (droplet as { readonly size?: unknown }).size;

const price = (droplet: unknown): number | undefined =>
  numberIn((droplet as { readonly price_monthly?: unknown } | null | undefined)?.price_monthly);

const numberIn = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
