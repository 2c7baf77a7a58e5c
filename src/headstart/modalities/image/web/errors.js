/** Something about a file or a model that a person can act on. */
export class HeadstartError extends Error {
  name = "HeadstartError";
}
