/** Where we do not do as terraform does, on purpose. The test fails when one of these is no difference any more. */
export const differences: ReadonlyMap<string, string> = new Map([
  ["1 % 0", "terraform gives 1; we say that the divisor is zero"],
  ["true && (1 / 0 > 1)", "division by zero"],
  ["false && (1 / 0 > 1)", "division by zero"],
  ["true || (1 / 0 > 1)", "division by zero"],
  ['cidrsubnet("10.0.0.0/8", -1, 0)', "terraform shortens the prefix; we say that it must be extended"],
  ['cidrhost("::ffff:1.2.3.4/96", 1)', "terraform puts an IPv4-mapped address together wrongly"],
  ['format("%s", null)', "terraform's result is never known, even after the apply; we name the null argument"],
  ['format("%v", null)', "terraform's result is never known, even after the apply; ours is null as text"],
  ['format("%#v", null)', "terraform's result is never known, even after the apply; ours is null as text"],
]);
