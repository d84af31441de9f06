"""Says of each folder 0, 1, ... below a folder what the reader finds, as JSON."""

import json
import os
import sys

import lerd_bundle


def finding(path):
    try:
        lerd_bundle.read(path)
    except lerd_bundle.Fault as fault:
        return {"code": fault.code, "file": fault.file, "row": fault.row, "where": fault.where}
    return {"code": "", "file": "", "row": 0, "where": ""}


if __name__ == "__main__":
    json.dump([finding(os.path.join(sys.argv[1], str(n))) for n in range(int(sys.argv[2]))], sys.stdout)
