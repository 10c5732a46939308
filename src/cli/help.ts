export const HELP = `Usage: litellm-session doctor [--model MODEL] [--wait SECONDS] [--base-url URL]
       litellm-session show SESSION [--json | --html FILE | --watch] [--base-url URL]
       litellm-session list [--since 1d] [--json] [--base-url URL]

Looks at sessions in the log of a LiteLLM proxy.

doctor    Finds out whether sessions group on this proxy: is it a LiteLLM, does the key work, may it
          read logs; then sends two calls of at most one token in one session by each way of sending
          a session id, waits until they are in the log, and says which sessionTransport to use.
          What is not in the log in time could not be checked: that says nothing against it.
          The calls take about 80 tokens in and 8 out, which your provider bills.
          With a key that may not read logs it sends the calls all the same, and prints their
          sessions, for an admin to look at.
show      Prints a session: a tree of the app's steps, where models have logSteps, with the time,
          tokens and cost of each call, and sums.
list      Prints the newest sessions, at most 50: needs LiteLLM 1.100 or newer.

Options
  --model MODEL    doctor: the model to call. Default: LITELLM_MODEL, else the first of
                   the proxy's that looks like one for chat.
  --wait SECONDS   doctor: how long to wait for the log, 1 to 3600. Default: 60.
  --json           show: one line of JSON a call, the oldest first; list: one a session.
  --since TIME     list: how far to look back: 30m, 12h, 7d. Default: 1d.
  --html FILE      show: write a page to FILE, - for the standard output.
  --watch          show: follow the session until interrupted, also while the proxy is away.
  --base-url URL   The proxy. Default: LITELLM_BASE_URL.
  --version        Print the version.
  -h, --help       Print this.

Environment
  LITELLM_BASE_URL   The proxy.
  LITELLM_API_KEY    A key that may read its logs: the master key, or one of a proxy admin. There is
                     no option for it: others on the machine see a command's arguments.
  LITELLM_MODEL      The model for doctor.
  NO_COLOR           Set: no colours, and no line that changes. So it is in files, in pipes, and
                     with TERM=dumb.

Exit codes
  0    done; doctor: calls of the default sessionTransport group; show: also where who reads what
       it prints has seen enough, as in "| head"
  1    failed; doctor: these calls do not group, or it could not be checked, or nobody read its end;
       show: the log has no such session, or the page can't be written
  2    wrong arguments or settings
  130  interrupted; --watch ends with 0 then

Examples
  export LITELLM_BASE_URL=http://localhost:4000 LITELLM_API_KEY=sk-...
  litellm-session doctor --model gpt-4o-mini
  litellm-session show conversation-42
  litellm-session show conversation-42 --html session.html
  litellm-session show conversation-42 --json | jq .costUsd
  litellm-session show conversation-42 --watch
`;
