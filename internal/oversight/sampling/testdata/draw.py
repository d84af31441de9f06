# Draws a sample again, from the description of the draw alone. Reads the plan's
# event, the size, the root, the number of each group, the share in percent, and
# one line for each case: id, group, whether it is always taken.
import hashlib
import sys

lines = sys.stdin.read().splitlines()
event, size, root, each, percent = lines[0], lines[1], lines[2], int(lines[3]), int(lines[4])
seed = hashlib.sha256(("lerd sample seed v1\n%s\n%s\n%s\n" % (event, size, root)).encode()).digest()


def numbers(group):
    i = 0
    while True:
        block = hashlib.sha256(seed + b"\0" + group.encode() + b"\0" + i.to_bytes(8, "big")).digest()
        for k in range(0, 32, 8):
            yield int.from_bytes(block[k:k + 8], "big")
        i += 1


def below(source, n):
    while True:
        v = next(source)
        if v < 2**64 - 2**64 % n:
            return v % n


drawn, groups = [], {}
for line in lines[5:]:
    case, group, always = line.split(" ")
    if always == "true":
        drawn.append(case)
    else:
        groups.setdefault(group, []).append(case)
for group, cases in groups.items():
    cases.sort()
    source = numbers(group)
    k = min(len(cases), max(each, (len(cases) * percent + 99) // 100))
    for i in range(k):
        j = i + below(source, len(cases) - i)
        cases[i], cases[j] = cases[j], cases[i]
    drawn += cases[:k]
print("\n".join(sorted(drawn)))
