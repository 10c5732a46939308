// For the tests that have not moved yet; goes with the last of them.
export {
  connection,
  countClients,
  modelFor as modelOf,
  sessionOf,
  sessions,
  skipRetryDelays,
  useGateway,
} from "./sessions.js";
