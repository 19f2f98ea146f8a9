/**
 * Binary floating point with a chosen precision, rounded to nearest, ties to even: the numbers of the Terraform
 * language (512 bits for what is written, 64 for counts). No decimal library gives the same digits: `1/3` must end
 * where Terraform's ends. The value is `mantissa × 2^exponent`; the mantissa carries the sign.
 */
export interface BigFloat {
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly precision: number;
}

/** The precision of numbers that are written out or read from text. */
export const fullPrecision = 512;

const absolute = (value: bigint): bigint => (value < 0n ? -value : value);
const bitLength = (value: bigint): number => {
  const hex = absolute(value).toString(16);
  return (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex.charAt(0), 16)));
};

/** Rounds to `precision` bits; `sticky` tells that a remainder below the last bit was cut off. */
function rounded(mantissa: bigint, exponent: number, precision: number, sticky = false): BigFloat {
  if (mantissa === 0n) return { mantissa: 0n, exponent: 0, precision };
  const excess = bitLength(mantissa) - precision;
  if (excess <= 0) return { mantissa, exponent, precision };
  const shift = BigInt(excess);
  const size = absolute(mantissa);
  let kept = size >> shift;
  const rest = size - (kept << shift);
  const half = 1n << (shift - 1n);
  if (rest > half || (rest === half && (sticky || (kept & 1n) === 1n))) kept++;
  return { mantissa: mantissa < 0n ? -kept : kept, exponent: exponent + excess, precision };
}

export const fromBigInt = (value: bigint, precision = fullPrecision): BigFloat => rounded(value, 0, precision);

/** The exact value of a double. */
export function fromDouble(value: number, precision = 53): BigFloat {
  let exponent = 0;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    exponent--;
  }
  return { mantissa: BigInt(scaled), exponent, precision };
}

const number = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** A decimal number; undefined for text that is none, or whose exponent is beyond ±9999. */
export function parseDecimal(text: string, precision = fullPrecision): BigFloat | undefined {
  const match = number.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", power = "0"] = match;
  if (whole === "" && fraction === "") return undefined;
  const scale = Number(power) - fraction.length;
  if (Math.abs(scale) + whole.length > 9_999) return undefined;
  const digits = BigInt(`${sign === "-" ? "-" : ""}${whole}${fraction}`);
  if (scale >= 0) return rounded(digits * 10n ** BigInt(scale), 0, precision);
  return quotient(digits, 10n ** BigInt(-scale), 0, precision);
}

/** `top / bottom × 2^exponent`, correctly rounded. */
function quotient(top: bigint, bottom: bigint, exponent: number, precision: number): BigFloat {
  if (top === 0n) return { mantissa: 0n, exponent: 0, precision };
  const shift = Math.max(0, precision + 2 - (bitLength(top) - bitLength(bottom)));
  const size = absolute(top) << BigInt(shift);
  const by = absolute(bottom);
  const whole = size / by;
  // One more bit stands for whatever is below.
  const sticky = (whole << 1n) | (whole * by === size ? 0n : 1n);
  return rounded(top < 0n === bottom < 0n ? sticky : -sticky, exponent - shift - 1, precision);
}

const widest = (a: BigFloat, b: BigFloat): number => Math.max(a.precision, b.precision);

function aligned(a: BigFloat, b: BigFloat): readonly [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent);
  return [a.mantissa << BigInt(a.exponent - exponent), b.mantissa << BigInt(b.exponent - exponent), exponent];
}

export function add(a: BigFloat, b: BigFloat): BigFloat {
  const [x, y, exponent] = aligned(a, b);
  return rounded(x + y, exponent, widest(a, b));
}

export const negated = (a: BigFloat): BigFloat => ({ ...a, mantissa: -a.mantissa });
export const subtract = (a: BigFloat, b: BigFloat): BigFloat => add(a, negated(b));

/** A product keeps as many bits as it needs, up to 512. */
export function multiply(a: BigFloat, b: BigFloat): BigFloat {
  const full = rounded(a.mantissa * b.mantissa, a.exponent + b.exponent, fullPrecision);
  const needed = full.mantissa === 0n ? 0 : bitLength(full.mantissa) - trailingZeros(full.mantissa);
  return { ...full, precision: Math.max(widest(a, b), needed) };
}

function trailingZeros(value: bigint): number {
  let count = 0;
  let rest = value;
  while ((rest & 0xffffffffn) === 0n) {
    rest >>= 32n;
    count += 32;
  }
  while ((rest & 1n) === 0n) {
    rest >>= 1n;
    count++;
  }
  return count;
}

/** `b` must not be zero. */
export const divide = (a: BigFloat, b: BigFloat): BigFloat =>
  quotient(a.mantissa, b.mantissa, a.exponent - b.exponent, widest(a, b));

/** What is left of `a` after as many whole `b` as fit in, with the sign of `a`. Terraform works with the bits of `a`. */
export function remainder(a: BigFloat, b: BigFloat): BigFloat {
  const whole = truncated(divide(a, b));
  const taken = rounded(b.mantissa * whole, b.exponent, a.precision);
  const left = subtract(a, taken);
  return rounded(left.mantissa, left.exponent, a.precision);
}

/** The whole part, towards zero. */
export function truncated(a: BigFloat): bigint {
  if (a.exponent >= 0) return a.mantissa << BigInt(a.exponent);
  const size = absolute(a.mantissa) >> BigInt(-a.exponent);
  return a.mantissa < 0n ? -size : size;
}

export function compare(a: BigFloat, b: BigFloat): number {
  const [x, y] = aligned(a, b);
  return x < y ? -1 : x > y ? 1 : 0;
}

export const isWhole = (a: BigFloat): boolean => a.exponent >= 0 || truncated(a) << BigInt(-a.exponent) === a.mantissa;

/** All decimal digits: `digits × 10^-scale`. */
function decimal(mantissa: bigint, exponent: number): { readonly digits: bigint; readonly scale: number } {
  if (exponent >= 0) return { digits: mantissa << BigInt(exponent), scale: 0 };
  return { digits: mantissa * 5n ** BigInt(-exponent), scale: -exponent };
}

/** The shortest decimal that reads back as the same number at its precision, never with an exponent. */
export function toText(a: BigFloat): string {
  if (a.mantissa === 0n) return "0";
  const sign = a.mantissa < 0n ? "-" : "";
  const size = absolute(a.mantissa);
  // Twice the mantissa at full width, so that half a unit in the last place is a whole number.
  const shift = a.precision - bitLength(size) + 1;
  const wide = shift >= 0 ? size << BigInt(shift) : size;
  const exponent = shift >= 0 ? a.exponent - shift : a.exponent;
  const [middle, low, high] = [wide, wide - 1n, wide + 1n].map((one) => decimal(one, exponent));
  if (middle === undefined || low === undefined || high === undefined) return "";
  return sign + shortest(middle, low, high, ((wide >> 1n) & 1n) === 0n);
}

type Decimal = ReturnType<typeof decimal>;

/** Fewest digits between the neighbours' middles, the bounds included where the mantissa is even. */
function shortest({ digits, scale }: Decimal, low: Decimal, high: Decimal, inclusive: boolean): string {
  let [from, to] = [1, digits.toString().length + 1];
  const inside = (cut: bigint): boolean =>
    inclusive ? cut >= low.digits && cut <= high.digits : cut > low.digits && cut < high.digits;
  // How many digits may be dropped: more drop → coarser; the set of drops that work is downward closed.
  let best = digits;
  while (from < to) {
    const drop = (from + to) >> 1;
    const unit = 10n ** BigInt(drop);
    const down = (digits / unit) * unit;
    const up = down + unit;
    const near = digits - down < up - digits ? [down, up] : [up, down];
    const found = near.find(inside);
    if (found === undefined) to = drop;
    else {
      best = found;
      from = drop + 1;
    }
  }
  return placed(best, scale);
}

function placed(digits: bigint, scale: number): string {
  const text = digits.toString().padStart(scale + 1, "0");
  if (scale === 0) return text;
  const whole = text.slice(0, -scale);
  const fraction = text.slice(-scale).replace(/0+$/, "");
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** Correctly rounded to so many digits after the point, ties to even. */
export function toFixed(a: BigFloat, places: number): string {
  const { digits, scale } = decimal(absolute(a.mantissa), a.exponent);
  const drop = scale - places;
  const kept = drop > 0 ? roundedTo(digits, drop) : digits * 10n ** BigInt(-drop);
  const text = kept.toString().padStart(places + 1, "0");
  const point = text.length - places;
  return `${a.mantissa < 0n ? "-" : ""}${text.slice(0, point)}${places > 0 ? `.${text.slice(point)}` : ""}`;
}

function roundedTo(digits: bigint, drop: number): bigint {
  const unit = 10n ** BigInt(drop);
  const kept = digits / unit;
  const twice = (digits - kept * unit) * 2n;
  return twice > unit || (twice === unit && (kept & 1n) === 1n) ? kept + 1n : kept;
}

/** So many significant digits and the power of ten of the first: `["1235", 3]` for 1234.5 with 4. */
export function significant(a: BigFloat, count: number): readonly [digits: string, power: number] {
  if (a.mantissa === 0n) return ["0".repeat(count), 0];
  const { digits, scale } = decimal(absolute(a.mantissa), a.exponent);
  const length = digits.toString().length;
  const kept = length > count ? roundedTo(digits, length - count) : digits * 10n ** BigInt(count - length);
  const text = kept.toString();
  return [text.slice(0, count), length - 1 - scale + (text.length - count)];
}

/** The nearest double. */
export function toDouble(a: BigFloat): number {
  const { mantissa, exponent } = rounded(a.mantissa, a.exponent, 53);
  if (exponent > 1_024) return mantissa < 0n ? -Infinity : Infinity;
  if (exponent < -1_074) return Number(toFixed(a, 400));
  return Number(mantissa) * 2 ** exponent;
}
