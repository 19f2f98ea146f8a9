export const fake = "provider";
