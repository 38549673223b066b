"""A local archive: the archive operations of Amazon SES Mail Manager over one folder of mail.

One endpoint object (`endpoint.py`) answers the API; two doors lead to it: inside a process (`bridge.py`) and on a
port (`asgi.py`). Everything the service's documentation leaves open and this package had to decide is listed in
the docstring of the module that decides it.
"""
