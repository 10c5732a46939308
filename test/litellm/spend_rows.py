"""Writes down, for each call through the proxy, the row that LiteLLM would put in its spend-log table.

The row is built by the proxy's own get_logging_payload, so that its session id is the one that the logs page groups by.
One JSON object a line, in the file that SPEND_ROWS names.
"""

import json
import os
import re
import threading
import time

from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy.spend_tracking.spend_tracking_utils import get_logging_payload


def end_with_parent():
    """A test that was killed outright can't end its proxies: they notice."""
    while os.getppid() == int(os.environ["SPEND_ROWS_PARENT"]):
        time.sleep(1)
    os._exit(1)


class SpendRows(CustomLogger):
    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        asked = json.dumps([kwargs.get(key) for key in ("messages", "input", "prompt", "optional_params")], default=str)
        line = {"mark": (re.findall(r"mark-[0-9a-z]+", asked) or [None])[0]}
        try:
            row = get_logging_payload(
                kwargs=kwargs, response_obj=response_obj, start_time=start_time, end_time=end_time
            )
            line.update({key: row.get(key) for key in ("session_id", "request_id", "call_type", "total_tokens")})
            line["request_tags"] = row.get("request_tags")
            line["metadata"] = row.get("metadata")
        except Exception as error:
            line["error"] = repr(error)
        with open(os.environ["SPEND_ROWS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


threading.Thread(target=end_with_parent, daemon=True).start()
instance = SpendRows()
