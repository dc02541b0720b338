// Owns `Status` as guests see it: the numbers of assembly/shared/status.ts under one name.
import {
  CANCELLED as cancelled,
  UNKNOWN as unknown,
  INVALID_ARGUMENT as invalidArgument,
  DEADLINE_EXCEEDED as deadlineExceeded,
  NOT_FOUND as notFound,
  ALREADY_EXISTS as alreadyExists,
  PERMISSION_DENIED as permissionDenied,
  RESOURCE_EXHAUSTED as resourceExhausted,
  FAILED_PRECONDITION as failedPrecondition,
  ABORTED as aborted,
  OUT_OF_RANGE as outOfRange,
  UNIMPLEMENTED as unimplemented,
  INTERNAL as internal,
  UNAVAILABLE as unavailable,
  DATA_LOSS as dataLoss,
  UNAUTHENTICATED as unauthenticated,
} from "../shared/status";

/** The status of an answer: gRPC's codes. */
export enum Status {
  CANCELLED = cancelled,
  UNKNOWN = unknown,
  INVALID_ARGUMENT = invalidArgument,
  DEADLINE_EXCEEDED = deadlineExceeded,
  NOT_FOUND = notFound,
  ALREADY_EXISTS = alreadyExists,
  PERMISSION_DENIED = permissionDenied,
  RESOURCE_EXHAUSTED = resourceExhausted,
  FAILED_PRECONDITION = failedPrecondition,
  ABORTED = aborted,
  OUT_OF_RANGE = outOfRange,
  UNIMPLEMENTED = unimplemented,
  INTERNAL = internal,
  UNAVAILABLE = unavailable,
  DATA_LOSS = dataLoss,
  UNAUTHENTICATED = unauthenticated,
}
