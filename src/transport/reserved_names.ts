/**
 * Names that a `sessionTransport` object may not use: a session id in one of them would replace what is asked, how it
 * is sent or who asks. The lists follow the fields of OpenAI, Anthropic, Google, Cohere and LiteLLM, and HTTP's headers.
 */

const words = (text: string): string[] => text.trim().split(/\s+/);

const BODY_FIELDS = new Set([
  "__proto__",
  // What is asked, on any endpoint.
  ...words(`audio background best_of cachedContent chat_history chunking_strategy contents context_management
    conversation dimensions documents echo embedding_types encoding_format file files frequency_penalty function_call
    functions generationConfig image images include input input_type instructions language logit_bias logprobs mask
    max_completion_tokens max_output_tokens max_tokens max_tokens_per_doc max_tool_calls message messages metadata
    modalities model moderation n output_config output_format parallel_tool_calls prediction presence_penalty
    previous_response_id prompt quality query reasoning reasoning_effort response_format return_documents
    safetySettings search_parameters seed size speed stop stop_sequences store stream stream_options style suffix
    system systemInstruction system_instruction temperature text texts thinking timestamp_granularities tool_choice
    toolConfig tool_config tools top_k top_logprobs top_n top_p truncation verbosity voice web_search_options`),
  // Who asks.
  ...words("api_key end_user organization safety_identifier user user_api_key user_id"),
  // How LiteLLM or a provider handles the request.
  ...words(`additional_drop_params agent_id allowed_openai_params api_base api_type api_version base_model base_url
    betas budget_duration cache caching callbacks client container content_policy_fallbacks context_window_fallback_dict
    context_window_fallbacks custom_llm_provider default_headers deployment_id disable_fallbacks drop_params
    dynamic_callback_params extra_body extra_headers extra_query failure_callback fallbacks force_timeout
    guardrail_config guardrails headers hf_model_name input_cost_per_second input_cost_per_token logger_fn max_budget
    max_parallel_requests max_retries mcp_servers merge_reasoning_content_in_choices model_config model_file_id_mapping
    model_id model_info model_list no-log no_log num_retries output_cost_per_second output_cost_per_token policies
    preset_cache_key priority prompt_id prompt_label prompt_variables prompt_version provider_specific_header
    proxy_server_request region_name request_timeout rpm secret_fields service_tier specific_deployment ssl_verify
    stream_timeout success_callback tags target_model_names text_completion timeout tpm turn_off_message_logging
    use_litellm_proxy user_config verbose`),
  // JSON-RPC: MCP and A2A.
  ...words("id jsonrpc method params"),
]);

/** LiteLLM's own namespace, apart from the ids of a session, and credentials and settings of providers and loggers. */
const BODY_PREFIX =
  /^(?:litellm_(?!(?:session|trace)_id$)|(?:arize|aws|azure|braintrust|gcs|langfuse|langsmith|mock|phoenix|sagemaker|vertex|watsonx|weave)_)/;

const METADATA_FIELDS = new Set([
  "__proto__",
  ...words(`api_base applied_guardrails caching_groups deployment disable_global_guardrails endpoint guardrail_config
    guardrails headers hidden_params model_group model_info policies previous_models priority requester_metadata
    spend_logs_metadata tags user user_id`),
]);

/** The proxy's own entries: the key, its user, its team and their limits. */
const METADATA_PREFIX = /^(?:user_api_key|litellm_(?!(?:session|trace)_id$))/;

const HEADERS = new Set([
  "__proto__", // A record of headers can't hold it.
  // Who asks.
  ...words(`api-key apikey authentication authorization cookie cookie2 from ocp-apim-subscription-key set-cookie
    x-access-token x-api-key x-api-token x-auth-token x-authorization x-functions-key x-real-ip x-client-ip
    x-remote-user x-user true-client-ip client-ip cf-connecting-ip forwarded origin referer user-agent via`),
  // The connection (RFC 9110, 7.6.1), and how a server takes the request.
  ...words(`age alt-used cache-control connection date dnt early-data expect host http2-settings idempotency-key
    keep-alive last-event-id max-forwards pragma prefer priority range te trailer transfer-encoding upgrade
    upgrade-insecure-requests x-host x-http-method x-http-method-override x-idempotency-key x-method-override
    x-original-url x-rewrite-url`),
]);

/** Families of headers. Of LiteLLM's own, only the two with a session id. `mcp-session-id` is MCP's connection. */
const HEADER_PREFIX =
  /^(?:accept|access-control|anthropic|content|if|mcp|openai|proxy|sec|x-amz|x-forwarded|x-goog|x-mcp|x-original|x-stainless)(?:-|$)|^x-litellm-(?!(?:session|trace)-id$)/;

/** A `token` of RFC 9110. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether a name can hold a session id, in each part of a request. */
export const CAN_HOLD_ID = {
  body: (name: string) => !BODY_FIELDS.has(name) && !BODY_PREFIX.test(name),
  metadata: (name: string) => !METADATA_FIELDS.has(name) && !METADATA_PREFIX.test(name),
  headers: (name: string) =>
    HEADER_NAME.test(name) && !HEADERS.has(name.toLowerCase()) && !HEADER_PREFIX.test(name.toLowerCase()),
};
