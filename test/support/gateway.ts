// For the tests that have not moved yet; goes with the last of them.
export { Gateway, type GatewayRequest, type Json, type Responder, sendEvents, sendJson } from "./gateway/server.js";
