"""The `ucmsim` that tests start: a stand-in, in a Python with few modules, for a fork of the server.

The line above this text names the server's socket. Whoever starts it sees a process with the command's output,
exit code and signals.
"""

import json
import os
import signal
import socket
import sys

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


def main() -> None:
    ignored = [int(number) for number in PASSED_ON if signal.getsignal(number) is signal.SIG_IGN]
    signal.signal(signal.SIGINT, signal.SIG_IGN if signal.SIGINT in ignored else signal.SIG_DFL)
    request = {
        "arguments": sys.argv[1:],
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "ignored": ignored,
    }
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(SOCKET)  # type: ignore[name-defined]  # noqa: F821
        data = json.dumps(request).encode()
        socket.send_fds(server, [len(data).to_bytes(4, "big")], [0, 1, 2])
        server.sendall(data)
        process = int.from_bytes(server.recv(4), "big")
        for number in PASSED_ON:
            if number not in ignored:
                signal.signal(number, lambda number, _frame: os.kill(process, number))
        code = int.from_bytes(server.recv(4), "big", signed=True)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


main()
