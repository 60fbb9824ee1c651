#!/usr/bin/env python3
"""A client in Python, with the standard library only. It creates an event and books tickets.

    python3 examples/client.py [HOST PORT]
"""

import json
import socket
import sys


class Refused(Exception):
    """The server answered ERR."""

    def __init__(self, code, body):
        super().__init__(f"{code}: {body['message']}")
        self.code, self.body = code, body


class Client:
    def __init__(self, host="127.0.0.1", port=2665):
        self.socket = socket.create_connection((host, port), timeout=10)
        self.lines = self.socket.makefile(encoding="utf-8", newline="\n")

    def request(self, verb, *arguments):
        """Sends a request. Returns the objects of its ROW lines and of its OK."""
        # The escapes of a JSON string are those of the protocol.
        line = " ".join([verb, *(json.dumps(str(argument)) for argument in arguments)])
        self.socket.sendall(f"{line}\n".encode())
        rows = []
        for reply in self.lines:
            word, _, rest = reply.partition(" ")
            if word == "ROW":
                rows.append(json.loads(rest))
            elif word == "OK":
                return rows, json.loads(rest)
            elif word == "ERR":
                code, _, body = rest.partition(" ")
                raise Refused(code, json.loads(body))
            # A later version may send lines with other words: they are skipped.
        raise ConnectionError("the server closed the connection")


if __name__ == "__main__":
    host, port = sys.argv[1:] or ("127.0.0.1", 2665)
    client = Client(host, int(port))
    _, event = client.request("CREATE", "Rust Conf", "2026-12-31", 3)
    _, booking = client.request("BOOK", event["id"], 2)
    print(f"{len(booking['tickets'])} tickets for {event['name']}, {booking['available_tickets']} left")
    try:
        client.request("BOOK", event["id"], 2)
    except Refused as refused:
        print(f"{refused.code}: {refused.body['available']} left")
