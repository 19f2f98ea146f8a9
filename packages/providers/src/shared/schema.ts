/** The commonest attributes, spelled once. Their literal types reach the typed builders. */
export const computedString = { type: "string", computed: true } as const;
export const computedNumber = { type: "number", computed: true } as const;
export const computedBool = { type: "bool", computed: true } as const;
export const requiredString = { type: "string", required: true } as const;
export const optionalString = { type: "string", optional: true } as const;

/** Set by the configuration, or else by the vendor. */
export const settledString = { type: "string", optional: true, computed: true } as const;

/** Another value means another object. */
export const identity = { type: "string", required: true, forceNew: true } as const;

export const stringSet = ["set", "string"] as const;
export const stringList = ["list", "string"] as const;

export const onOff = <const D extends boolean>(value: D) => ({ type: "bool", optional: true, default: value }) as const;

export const lowerCase = (value: unknown): unknown => (typeof value === "string" ? value.toLowerCase() : value);
