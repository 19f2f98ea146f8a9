import type { ContentfulStatusCode } from "hono/utils/http-status";

export interface FieldError {
  readonly resource: string;
  readonly code: "missing" | "missing_field" | "invalid" | "already_exists" | "unprocessable" | "custom";
  readonly field?: string;
  readonly value?: unknown;
  readonly message?: string;
}

/** An answer that is not a success, in GitHub's form. Thrown anywhere below a route. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: ContentfulStatusCode;
  readonly errors: readonly (FieldError | string)[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: ContentfulStatusCode,
    message: string,
    more: {
      readonly errors?: readonly (FieldError | string)[];
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.status = status;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
  }

  body(): Record<string, unknown> {
    return {
      message: this.message,
      ...(this.errors.length > 0 && { errors: this.errors }),
      documentation_url: "https://docs.github.com/rest",
      status: String(this.status),
    };
  }
}

export const notFound = (): ApiError => new ApiError(404, "Not Found");
export const badCredentials = (): ApiError => new ApiError(401, "Bad credentials");

/** 422 with the list of fields. */
export const validationFailed = (...errors: readonly (FieldError | string)[]): ApiError =>
  new ApiError(422, "Validation Failed", { errors });

/** 422 with a sentence. */
export const unprocessable = (message: string): ApiError => new ApiError(422, message);
