import { GraphQLError } from "graphql";

/** An error with GitHub's `type`, which stands beside the message. */
export class GraphqlError extends GraphQLError {
  constructor(type: "NOT_FOUND" | "FORBIDDEN" | "UNPROCESSABLE" | "INSUFFICIENT_SCOPES", message: string) {
    super(message, { extensions: { type } });
  }
}

export const noNode = (id: string): GraphqlError =>
  new GraphqlError("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'.`);
