#!/usr/bin/env python3
"""Read the contents of a lerd bundle with nothing but Python 3.9 or later.

    import lerd_bundle
    bundle = lerd_bundle.read("EXP-2026-000123.asice")   # or an unzipped folder
    for row in bundle.ip_addresses:
        print(row["event_time_utc"], row["ip_address"], row["source_port"])

    python3 lerd_bundle.py EXP-2026-000123.asice          # says what is in it

Everything is held against the published schemas, which are part of this file,
and the representations of the records against each other. A fault is raised as
Fault, with a code that is the same in every reader: see vectors/vectors.json.
Signatures are NOT checked here: `lerd bundle verify` and the commands of
VERIFY.txt do that.
"""

import datetime
import hashlib
import ipaddress
import json
import os
import re
import sys
import zipfile
import zlib

MAX_EXPORT = 16 << 20  # octets of data/export.json
MAX_FILE = 1 << 30     # octets of any other file
MAX_DEPTH = 16         # of nested JSON
MAX_DIGITS = 15        # of a number

EXPORT = "data/export.json"
RECORDS = "data/records/records.json"
OUTCOMES = "data/records/outcomes.csv"
CUSTODY = "data/custody.json"
TABLES = {"phone_numbers": ("data/records/phone_numbers.csv", "phone_number"),
          "ip_addresses": ("data/records/ip_addresses.csv", "ip_address")}
BOM = b"\xef\xbb\xbf"


class Fault(Exception):
    """What is wrong with a bundle. It never quotes a record's value."""

    def __init__(self, code, where, detail, file="", row=0):
        super().__init__(detail)
        self.code, self.where, self.detail, self.file, self.row = code, where, detail, file, row

    def at(self, file, row=0):
        """Completes the fault with its place, where it has none yet."""
        if not self.file:
            self.file, self.row = file, row
        return self

    def __str__(self):
        place = self.file + (f", row {self.row}" if self.row else "") + (f", {self.where}" if self.where else "")
        return f"{place}: {self.detail}" if place else self.detail


class Bundle:
    """What was read: export is export.json, the rows are those of records.json."""

    def __init__(self, export, phone_numbers, ip_addresses):
        self.export, self.phone_numbers, self.ip_addresses = export, phone_numbers, ip_addresses


# ---------------------------------------------------------------- strict JSON

def parse_json(raw):
    """One JSON value: UTF-8, no byte order mark, no member twice, no numbers
    but plain whole ones, nothing behind it. RFC 8259."""
    if raw.startswith(BOM):
        raise Fault("encoding", "", "it begins with a byte order mark")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault("encoding", "", "it is not UTF-8") from None
    check_depth(text)
    try:
        value = json.loads(text, object_pairs_hook=members, parse_int=whole, parse_float=no_fraction, parse_constant=no_constant)
    except ValueError:
        raise Fault("json", "", "it is not JSON") from None
    no_half_pairs(value)
    return value


def check_depth(text):
    depth = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text, re.DOTALL):
        if token.group() in ("[", "{"):
            depth += 1
            if depth > MAX_DEPTH:
                raise Fault("json", "", f"it is nested deeper than {MAX_DEPTH}")
        elif token.group() in ("]", "}"):
            depth -= 1


def members(pairs):
    out = {}
    for name, value in pairs:
        if name in out:
            raise Fault("json_duplicate", name, "a member comes twice in one object")
        out[name] = value
    return out


def whole(text):
    if text == "-0" or len(text.lstrip("-")) > MAX_DIGITS:
        raise Fault("number", "", f"a number is not a plain whole one of at most {MAX_DIGITS} digits")
    return int(text)


def no_fraction(text):
    raise Fault("number", "", f"a number is not a plain whole one of at most {MAX_DIGITS} digits")


def no_constant(text):
    raise Fault("json", "", "it is not JSON")


def no_half_pairs(value):
    """Half a surrogate pair is no letter."""
    if isinstance(value, str):
        if any("\ud800" <= c <= "\udfff" for c in value):
            raise Fault("json", "", "half a surrogate pair")
    elif isinstance(value, list):
        for item in value:
            no_half_pairs(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            no_half_pairs(name)
            no_half_pairs(item)


# ------------------------------------------------------------------- schemas

class Schema:
    """JSON Schema 2020-12 as far as the published schemas use it."""

    def __init__(self, root):
        self.root = root

    def check(self, value, rule=None, where=""):
        rule = self.root if rule is None else rule
        if "$ref" in rule:
            rule = self.root["$defs"][rule["$ref"][len("#/$defs/"):]]
        if "anyOf" in rule:
            return self.any_of(rule["anyOf"], value, where)
        if "type" in rule:
            types = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
            if kind(value) not in types:
                raise Fault("type", where, "it is of another type")
        words = [rule["const"]] if "const" in rule else rule.get("enum")
        if words is not None and not any(same(w, value) for w in words):
            if any(kind(w) == kind(value) for w in words):
                raise Fault("form", where, "it is none of the known words")
            raise Fault("type", where, "it is of another type")
        if kind(value) == "string":
            self.text(rule, value, where)
        elif kind(value) == "integer":
            if value < rule.get("minimum", value) or value > rule.get("maximum", value):
                raise Fault("form", where, "it is outside its bounds")
        elif kind(value) == "array":
            self.items(rule, value, where)
        elif kind(value) == "object":
            self.members(rule, value, where)

    def any_of(self, rules, value, where):
        first = None
        for rule in rules:
            try:
                return self.check(value, rule, where)
            except Fault as fault:
                if first is None or first.code == "type" and fault.code != "type":
                    first = fault
        raise first

    @staticmethod
    def text(rule, value, where):
        if "pattern" in rule and not matches(rule["pattern"], value):
            raise Fault("form", where, "it does not have its form")
        if len(value) < rule.get("minLength", 0):
            raise Fault("form", where, "it is too short")

    def items(self, rule, value, where):
        if not rule.get("minItems", 0) <= len(value) <= rule.get("maxItems", len(value)):
            raise Fault("form", where, "the list has too few or too many items")
        seen = set()
        for item in value:
            if "items" in rule:
                self.check(item, rule["items"], where)
            if rule.get("uniqueItems") and isinstance(item, str):
                if item in seen:
                    raise Fault("form", where, "an item comes twice")
                seen.add(item)

    def members(self, rule, value, where):
        known = rule.get("properties", {})
        for name in sorted(value):
            if name not in known and rule.get("additionalProperties") is False:
                raise Fault("unknown_member", below(where, name), "the schema has no such member")
        for name in rule.get("required", []):
            if name not in value:
                raise Fault("missing_member", below(where, name), "it must be there")
        for name in sorted(value):
            if name in known:
                self.check(value[name], known[name], below(where, name))


def matches(pattern, value):
    # In Python "$" also matches before a last line feed; in JSON Schema it does not.
    return re.search(re.sub(r"\$\Z", r"\\Z", pattern), value) is not None


def below(where, name):
    return f"{where}.{name}" if where else name


def kind(value):
    return {type(None): "null", bool: "boolean", int: "integer", str: "string", list: "array"}.get(type(value), "object")


def same(a, b):
    """Equality that keeps true and 1 apart."""
    return type(a) is type(b) and a == b


# -------------------------------------------------------------------- values

TIME = re.compile(r"\A([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?Z\Z")


def is_time(text):
    """A real moment from 1970 on, in UTC; there are no leap seconds in it."""
    m = TIME.match(text)
    if not m or int(m[1]) < 1970:
        return False
    try:
        datetime.datetime(*(int(m[i]) for i in range(1, 7)))
    except ValueError:
        return False
    return True


def moment(text):
    """A time as a text that orders as the times do."""
    whole_part, _, fraction = text[:-1].partition(".")
    return whole_part + "." + (fraction + "0" * 9)[:9]


def shortest(text):
    """A time with the fewest of 0, 3, 6 or 9 digits of a second."""
    whole_part, fraction = moment(text).split(".")
    while fraction.endswith("000"):
        fraction = fraction[:-3]
    return whole_part + ("." + fraction if fraction else "") + "Z"


def is_address(text):
    """One form alone: RFC 5952; IPv4 without leading zeros; no zone, no IPv4 in IPv6."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return str(address) == text and "%" not in text and getattr(address, "ipv4_mapped", None) is None


def times_exist(value, where=""):
    if isinstance(value, dict):
        for name in sorted(value):
            times_exist(value[name], below(where, name))
    elif isinstance(value, list):
        for item in value:
            times_exist(item, where)
    elif isinstance(value, str) and TIME.match(value) and not is_time(value):
        raise Fault("form", where, "there is no such time")


def meaningful(row):
    """What a pattern cannot say: a name's end tells what it holds."""
    for name in sorted(row):
        if not isinstance(row[name], str):
            continue
        if name.endswith("_utc") and not is_time(row[name]):
            raise Fault("form", name, "there is no such time")
        if name in ("ip_address", "destination_ip") and not is_address(row[name]):
            raise Fault("form", name, "it is not an address in its one form")
    code = row.get("country_calling_code")
    if isinstance(code, str) and not row["phone_e164"].startswith("+" + code):
        raise Fault("form", "country_calling_code", "the number does not begin with it")
    if "ip_version" in row and (row["ip_version"] == 6) != (":" in row["ip_address"]):
        raise Fault("form", "ip_version", "it is not that of the address")


# --------------------------------------------------------------------- tables

class Table:
    """One kind of rows: its columns in order, and the rule of a row."""

    def __init__(self, name):
        self.name, (self.file, self.category) = name, TABLES[name]
        self.columns = columns_of(name)
        items = SCHEMAS["records.schema.json"]["properties"][name]["items"]["properties"]
        self.rules = {c: items[c] for c in self.columns}
        self.rule = {"type": "object", "additionalProperties": False, "properties": self.rules, "required": self.columns}

    def parse(self, raw):
        body, rows, last = csv_body(raw, self.columns, self.file), [], ""
        lines = body.split("\r\n")
        for number, line in enumerate(lines, 1):
            if number == len(lines) and line == "":
                break
            try:
                if number == len(lines) or "\r" in line or "\n" in line:
                    raise Fault("line_end", "", "the line does not end in CR LF")
                row = self.line(line)
                if row["record_id"].encode() <= last.encode():
                    raise Fault("order", "record_id", "record ids do not rise, or one comes twice")
            except Fault as fault:
                raise fault.at(self.file, number)
            last = row["record_id"]
            rows.append(row)
        return rows

    def line(self, line):
        cells = line.split(",")
        if len(cells) != len(self.columns):
            raise Fault("cells", "", f"it has {len(cells)} cells in place of {len(self.columns)}")
        row = {c: field(self.rules[c], cell) for c, cell in zip(self.columns, cells)}
        try:
            Schema(SCHEMAS["records.schema.json"]).check(row, self.rule)
        except Fault as fault:
            if fault.code == "type":  # a CSV has no types: the cell has a wrong form
                fault.code = "form"
            raise
        meaningful(row)
        return row


def columns_of(name):
    return [c["name"] for c in SCHEMAS[name + ".csv-metadata.json"]["tableSchema"]["columns"]]


def csv_body(raw, columns, file):
    """What follows the first line, which must be the columns."""
    if raw.startswith(BOM):
        raise Fault("encoding", "", "it begins with a byte order mark", file)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault("encoding", "", "it is not UTF-8 text", file) from None
    if "\0" in text:
        raise Fault("encoding", "", "it is not UTF-8 text", file)
    head = ",".join(columns) + "\r\n"
    if not text.startswith(head):
        raise Fault("columns", "", "its first line is not the columns of its schema", file)
    return text[len(head):]


def field(rule, cell):
    """A cell as the value that records.json has for it."""
    types = rule.get("type")
    name = types if isinstance(types, str) else next(t for t in types if t != "null")
    if cell == "":
        return None
    if name == "integer" and re.match(r"\A(0|[1-9][0-9]{0,14})\Z", cell):
        return int(cell)
    if name == "boolean" and cell in ("true", "false"):
        return cell == "true"
    return cell


# -------------------------------------------------------------------- reading

class Folder:
    """The files of an unzipped container."""

    def __init__(self, path):
        self.root = os.path.realpath(path)

    def get(self, name, limit):
        path = os.path.realpath(os.path.join(self.root, *name.split("/")))
        if not path.startswith(self.root + os.sep) or not os.path.isfile(path):
            raise Fault("missing", "", "the file is not there", name)
        with open(path, "rb") as f:
            return bounded(f, name, limit)


class Container:
    """The files of an .asice container."""

    def __init__(self, path):
        try:
            self.zip = zipfile.ZipFile(path)
        except zipfile.BadZipFile:
            raise Fault("container", "", "it is no zip, or was cut off on its way; give the .asice file as it came") from None
        entries, seen = self.zip.infolist(), set()
        for e in entries:
            if e.filename.lower() in seen:
                raise Fault("container", "", "a name stands twice in it, or differs in case alone")
            if e.flag_bits & 1 or e.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Fault("container", "", "an entry is encrypted, or packed in another way than deflate")
            seen.add(e.filename.lower())
        # ETSI EN 319 162-1 A.1
        if not entries or entries[0].filename != "mimetype" or entries[0].header_offset or entries[0].compress_type:
            raise Fault("container", "", "it does not begin with the entry mimetype; give the .asice file, not the archive around it")

    def get(self, name, limit):
        try:
            with self.zip.open(name) as f:
                return bounded(f, name, limit)
        except KeyError:
            raise Fault("missing", "", "the file is not there", name) from None
        except (zipfile.BadZipFile, zlib.error, EOFError):
            raise Fault("container", "", "it cannot be unpacked") from None


def bounded(f, name, limit):
    raw = f.read(limit + 1)
    if len(raw) > limit:
        raise Fault("too_large", "", f"it is larger than {limit} octets", name)
    return raw


def read(path):
    """Reads and checks an .asice file, or a folder that one was unzipped to."""
    files = Folder(path) if os.path.isdir(path) else Container(path)
    export = read_export(files.get(EXPORT, MAX_EXPORT))
    read_outcomes(files.get(OUTCOMES, MAX_EXPORT), export)
    custody = read_custody(files.get(CUSTODY, MAX_EXPORT), export)
    tables = {name: Table(name) for name in TABLES}
    rows = {name: t.parse(files.get(t.file, MAX_FILE)) for name, t in tables.items()}
    try:
        records = parse_json(files.get(RECORDS, MAX_FILE))
        Schema(SCHEMAS["records.schema.json"]).check(records)
    except Fault as fault:
        raise fault.at(RECORDS)
    compare(export, records, tables, rows)
    digests(files, export)
    custody_files(custody, export)
    return Bundle(export, records["phone_numbers"], records["ip_addresses"])


def read_export(raw):
    """Reads data/export.json."""
    try:
        export = parse_json(raw)
        if isinstance(export, dict) and isinstance(export.get("schema"), str) and export["schema"] != "lerd.export/1":
            raise Fault("version", "schema", "this reader knows lerd.export/1 alone")
        Schema(SCHEMAS["export.schema.json"]).check(export)
        times_exist(export)
        coherent(export)
        return export
    except Fault as fault:
        raise fault.at(EXPORT)


def coherent(export):
    seen, categories, subjects = set(), set(), set()
    for o in export["outcomes"]:
        key, approved = (o["subject_ref"], o["category"]), o["decision"] in ("approved", "narrowed")
        if key in seen:
            raise Fault("differs", "outcomes", "one category of one subject has two outcomes")
        if approved != (o["applied"] is not None):
            raise Fault("differs", "outcomes.applied", "what is approved, and nothing else, has a period")
        if (o["result"] == "disclosed") != (o["records"] > 0):
            raise Fault("differs", "outcomes.result", "what is disclosed, and nothing else, has records")
        if o["records"] > 0 and not approved:
            raise Fault("scope", "outcomes.decision", "records are disclosed that were not approved")
        if approved and (moment(o["applied"]["from"]) < moment(o["asked"]["from"]) or moment(o["applied"]["to"]) > moment(o["asked"]["to"])):
            raise Fault("scope", "outcomes.applied", "more is approved than was asked")
        seen.add(key)
        if approved:
            categories.add(o["category"])
            subjects.add(o["subject_ref"])
    scope = export["scope_applied"]
    if set(scope["categories"]) != categories or set(scope["subjects"]) != subjects:
        raise Fault("differs", "scope_applied", "it is not what the outcomes come to together")
    if (export["minimisation"]["records_disclosed"] > 0) != (export["result"] in ("data", "partial")):
        raise Fault("differs", "result", "it does not fit the number of records")
    if export["copy"]["mark"] != mark(export["audit"]["event_id"]):
        raise Fault("differs", "copy.mark", "it is not that of the event which commits to this file")


MARKS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def mark(event_id):
    """The mark of the copy that an event commits to: 50 bits of a SHA-256, in Crockford's base 32."""
    bits = int.from_bytes(hashlib.sha256(b"lerd copy v1\n" + event_id.encode()).digest(), "big") >> 206
    return "".join(MARKS[bits >> shift & 31] for shift in range(45, -1, -5))


def read_custody(raw, export):
    """Reads data/custody.json and compares it with export.json."""
    try:
        if len(raw) > MAX_EXPORT:
            raise Fault("too_large", "", f"it is larger than {MAX_EXPORT} octets")
        custody = parse_json(raw)
        Schema(SCHEMAS["custody.schema.json"]).check(custody)
        times_exist(custody)
        if (custody["export_id"], custody["request_ref"], custody["log_origin"]) != (export["export_id"], export["request"]["ref"], export["audit"]["log_origin"]):
            raise Fault("differs", "export_id", "it is the custody record of another export")
        if custody["copy"] != export["copy"]:
            raise Fault("differs", "copy", "export.json names another copy")
        if [timed(s) for s in custody["steps"]] != [timed(s) for s in export["custody"]]:
            raise Fault("differs", "steps", "they are not those of export.json")
        in_order(custody["steps"], export)
        return custody
    except Fault as fault:
        raise fault.at(CUSTODY)


def timed(step):
    return {**step, "at": moment(step["at"])}


def in_order(steps, export):
    """No step before the one above; nobody in two parts; each violation confirmed by two."""
    parts, confirmed, last = {}, {}, ""
    for number, s in enumerate(steps, 1):
        if moment(s["at"]) < last:
            raise Fault("order", "steps", f"step {number} comes before the one above it")
        last = moment(s["at"])
        if s["role"] != "system" and parts.setdefault(s["by"], s["role"]) != s["role"]:
            raise Fault("scope", "steps", f"one person appears as {parts[s['by']]} and as {s['role']}")
        if s["action"] == "confirmed":
            confirmed.setdefault(s["object"], set()).add(s["by"])
    if export["minimisation"]["records_disclosed"] == 0:
        return
    for action in ("received", "decided", "retrieved", "approved", "sealed", "granted"):
        if not any(s["action"] == action for s in steps):
            raise Fault("missing", "steps", f"records are disclosed, and nobody is said to have {action}")
    for v in export["rule_violations"]:
        if len(confirmed.get("finding about " + v["subject_ref"], ())) < 2:
            raise Fault("missing", "steps", f"the violation by {v['subject_ref']} was not confirmed by two")


def custody_files(custody, export):
    """The records in custody are the files that export.json lists."""
    listed = {f["path"]: {"path": f["path"], "bytes": f["bytes"], "sha256": f["sha256"]} for f in export["files"]}
    want = [t[0] for t in TABLES.values()] + [OUTCOMES, RECORDS]
    for name in want:
        if listed.get(name) not in custody["files"]:
            raise Fault("differs", "files", f"{name} has another size or digest than in export.json", CUSTODY)
    if len(custody["files"]) != len(want):
        raise Fault("differs", "files", "it lists other files than the records'", CUSTODY)


def read_outcomes(raw, export):
    columns = columns_of("outcomes")
    body, want = csv_body(raw, columns, OUTCOMES), ""
    for o in export["outcomes"]:
        applied = o["applied"]
        cells = [export["request"]["ref"], o["subject_ref"], o["category"], shortest(o["asked"]["from"]), shortest(o["asked"]["to"]), o["decision"],
                 shortest(applied["from"]) if applied else "", shortest(applied["to"]) if applied else "", o["result"], str(o["records"]),
                 " ".join(r["code"] for r in o["reasons"])]
        want += ",".join(cells) + "\r\n"
    if body != want:
        raise Fault("differs", "", "its rows are not the outcomes of export.json", OUTCOMES)


def compare(export, records, tables, rows):
    """Holds the representations against each other, and each record against its outcome."""
    if records["export_id"] != export["export_id"]:
        raise Fault("differs", "export_id", "it is of another export", RECORDS)
    if records["derivations"] != export["derivations"]:
        raise Fault("differs", "derivations", "they are not those of export.json", RECORDS)
    queries = {d["query_id"] for d in export["derivations"]}
    outcomes = {(o["subject_ref"], o["category"]): o for o in export["outcomes"]}
    found, accounts = dict.fromkeys(outcomes, 0), {}
    for name, table in tables.items():
        same_rows(table, rows[name], records[name], queries)
        for number, row in enumerate(rows[name], 1):
            try:
                in_scope(row, table.category, export, outcomes, found, accounts)
            except Fault as fault:
                raise fault.at(table.file, number)
    counts(export, rows, outcomes, found)


def same_rows(table, rows, records, queries):
    if len(rows) != len(records):
        raise Fault("differs", table.name, f"there are {len(rows)} rows in {table.file} and {len(records)} in records.json", RECORDS)
    for number, (row, record) in enumerate(zip(rows, records), 1):
        for name in table.columns:
            if not same(row[name], record[name]):
                raise Fault("differs", name, "the CSV has another value", RECORDS, number)
        if record["query_id"] not in queries:
            raise Fault("unknown_reference", "query_id", "it names no query that is described", RECORDS, number)


def in_scope(row, category, export, outcomes, found, accounts):
    if not row["record_id"].endswith("-" + export["copy"]["mark"]):
        raise Fault("differs", "record_id", "it does not end in the mark of this copy")
    if row["request_ref"] != export["request"]["ref"]:
        raise Fault("scope", "request_ref", "it is of another request")
    key = (row["subject_ref"], category)
    if key not in outcomes or outcomes[key]["applied"] is None:
        raise Fault("scope", "subject_ref", "the category was not approved for this subject")
    found[key] += 1
    if accounts.setdefault(row["subject_ref"], row["account_id"]) != row["account_id"]:
        raise Fault("scope", "account_id", "the subject has records of two accounts")
    begin, end = moment(outcomes[key]["applied"]["from"]), moment(outcomes[key]["applied"]["to"])
    at, since, until = (row.get(n) for n in ("event_time_utc", "valid_from_utc", "valid_to_utc"))
    if at and not begin <= moment(at) < end:
        raise Fault("scope", "event_time_utc", "it lies outside the approved period")
    if since and moment(since) >= end:
        raise Fault("scope", "valid_from_utc", "it lies outside the approved period")
    if until and moment(until) <= begin:
        raise Fault("scope", "valid_to_utc", "it lies outside the approved period")


def counts(export, rows, outcomes, found):
    """Holds every number that export.json states against the records."""
    sizes = {name: len(list_) for name, list_ in rows.items()}
    total = sum(sizes.values())
    if total != export["minimisation"]["records_disclosed"]:
        raise Fault("count", "minimisation.records_disclosed", f"there are {total} records", EXPORT)
    if any(found[key] != o["records"] for key, o in outcomes.items()):
        raise Fault("count", "outcomes.records", "there are other numbers of records", EXPORT)
    want = {TABLES[name][0]: size for name, size in sizes.items()}
    want.update({RECORDS: total, OUTCOMES: len(export["outcomes"])})
    for f in export["files"]:
        if f["path"] in want and f["rows"] != want[f["path"]]:
            raise Fault("count", "files.rows", f"{f['path']} has {want[f['path']]} rows", EXPORT)
    empty = {}
    for name, list_ in rows.items():
        for row in list_:
            for column, value in row.items():
                if value is None:
                    empty[name, column] = empty.get((name, column), 0) + 1
    for a in export["absences"]:
        if empty.pop((a["table"], a["column"]), 0) != a["empty"] or sizes[a["table"]] != a["rows"]:
            raise Fault("count", "absences", f"{a['table']}.{a['column']} is not empty in as many rows", EXPORT)
    if empty:
        raise Fault("count", "absences", "a column that is empty in some row is not named", EXPORT)


def digests(files, export):
    listed = set()
    for f in export["files"]:
        path = f["path"]
        if path in listed or any(part in ("", ".", "..") for part in path.split("/")):
            raise Fault("differs", "files", "a file is listed twice, or has no safe name", EXPORT)
        listed.add(path)
        raw = files.get(path, MAX_FILE)
        if hashlib.sha256(raw).hexdigest() != f["sha256"] or len(raw) != f["bytes"]:
            raise Fault("digest", "", "it has another size or digest than export.json says", path)
    for name in [t[0] for t in TABLES.values()] + [OUTCOMES, RECORDS, CUSTODY]:
        if name not in listed:
            raise Fault("differs", "files", f"{name} is not listed", EXPORT)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: lerd_bundle.py BUNDLE.asice (or a folder that it was unzipped to)")
    try:
        bundle = read(sys.argv[1])
    except Fault as fault:
        sys.exit(f"NOT AS IT SHOULD BE ({fault.code}). {fault}")
    except OSError as e:
        sys.exit(f"The file cannot be read: {e}")
    e = bundle.export
    print(f"{e['export_id']}, answering {e['request']['ref']}: {e['result']}. "
          f"{len(bundle.phone_numbers)} phone numbers, {len(bundle.ip_addresses)} IP addresses.")
    for o in e["outcomes"]:
        print(f"  {o['subject_ref']} {o['category']}: {o['decision']}, {o['result']}, {o['records']} records")
    print("The signature was not checked: use lerd bundle verify.")


# The published schemas, as they lie in data/schema of each bundle.
# BEGIN SCHEMAS
SCHEMAS = json.loads(r"""{
"custody.schema.json": {"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"urn:lerd:schema:custody:1","title":"Custody record of a bundle (lerd.custody/1)","description":"Version 1. Who did which step, when and by what event of the audit log; people by role and pseudonym. The steps are those of export.json, in the order of time.","type":"object","additionalProperties":false,"required":["schema","export_id","request_ref","log_origin","copy","steps","files"],"$defs":{"time":{"type":"string","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?Z$"},"sha256":{"type":"string","pattern":"^[0-9a-f]{64}$"},"count":{"type":"integer","minimum":0}},"properties":{"schema":{"const":"lerd.custody/1"},"export_id":{"type":"string","pattern":"^EXP-[0-9]{4}-[0-9]{6,12}$"},"request_ref":{"type":"string"},"log_origin":{"description":"name of the audit log that holds the events","type":"string"},"copy":{"description":"for whom this copy was sealed; the mark ends each record id and stands on each page, so that a copy that turns up elsewhere leads back to its recipient","type":"object","additionalProperties":false,"required":["mark","ordinal","recipient_role","recipient"],"properties":{"mark":{"description":"from audit.event_id: the first 50 bits of SHA-256 over \"lerd copy v1\\n\" and the id, in Crockford's base 32","type":"string","pattern":"^[0-9A-HJKMNP-TV-Z]{10}$"},"ordinal":{"description":"which copy of this export, from 1","type":"integer","minimum":1},"recipient_role":{"type":"string","minLength":1},"recipient":{"description":"pseudonymous mark of the person, as in the chain of custody","type":"string","minLength":1}}},"steps":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["at","action","role","by","object","sha256","event_id","why"],"properties":{"at":{"$ref":"#/$defs/time"},"action":{"enum":["received","decided","confirmed","retrieved","approved","sealed","granted"]},"role":{"type":"string"},"by":{"type":"string"},"object":{"type":"string"},"sha256":{"type":"string","pattern":"^([0-9a-f]{64})?$"},"event_id":{"description":"of the audit log, or empty","type":"string"},"why":{"type":"string"}}}},"files":{"description":"the files of records that were in custody, by their digests","type":"array","items":{"type":"object","additionalProperties":false,"required":["path","bytes","sha256"],"properties":{"path":{"type":"string","pattern":"^data/records/"},"bytes":{"$ref":"#/$defs/count"},"sha256":{"$ref":"#/$defs/sha256"}}}}}},
"export.schema.json": {"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"urn:lerd:schema:export:1","title":"Master record of a bundle (lerd.export/1)","type":"object","additionalProperties":false,"required":["schema","bundle_version","export_id","supersedes","generated_at","controller","agency","request","copy","outcomes","scope_applied","rule_violations","minimisation","redactions","approvals","custody","source_systems","result","limitations","audit","absences","derivations","files","signer","tool"],"$defs":{"time":{"type":"string","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?Z$"},"sha256":{"type":"string","pattern":"^[0-9a-f]{64}$"},"count":{"type":"integer","minimum":0},"strings":{"type":"array","items":{"type":"string"}},"id":{"type":"string","pattern":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"category":{"enum":["phone_number","ip_address"]},"period":{"description":"from inclusive, to exclusive, UTC","type":"object","additionalProperties":false,"required":["from","to"],"properties":{"from":{"$ref":"#/$defs/time"},"to":{"$ref":"#/$defs/time"}}}},"properties":{"schema":{"const":"lerd.export/1"},"bundle_version":{"const":1},"export_id":{"type":"string","pattern":"^EXP-[0-9]{4}-[0-9]{6,12}$"},"supersedes":{"description":"the bundle that this one takes the place of, or empty","type":"string","pattern":"^(EXP-[0-9]{4}-[0-9]{6,12})?$"},"generated_at":{"$ref":"#/$defs/time"},"controller":{"type":"object","additionalProperties":false,"required":["name","address","contact"],"properties":{"name":{"type":"string"},"address":{"type":"string"},"contact":{"type":"string"}}},"agency":{"type":"object","additionalProperties":false,"required":["id","name","country","case_ref","officer_role"],"properties":{"id":{"type":"string"},"name":{"type":"string"},"country":{"type":"string"},"case_ref":{"type":"string"},"officer_role":{"type":"string"}}},"request":{"type":"object","additionalProperties":false,"required":["ref","received_at","instrument","legal_basis","issuing_authority","order_sha256","scope_requested"],"properties":{"ref":{"type":"string"},"received_at":{"$ref":"#/$defs/time"},"instrument":{"type":"string"},"legal_basis":{"type":"string"},"issuing_authority":{"type":"string"},"order_sha256":{"type":"string"},"scope_requested":{"type":"string"}}},"copy":{"description":"for whom this copy was sealed; the mark ends each record id and stands on each page, so that a copy that turns up elsewhere leads back to its recipient","type":"object","additionalProperties":false,"required":["mark","ordinal","recipient_role","recipient"],"properties":{"mark":{"description":"from audit.event_id: the first 50 bits of SHA-256 over \"lerd copy v1\\n\" and the id, in Crockford's base 32","type":"string","pattern":"^[0-9A-HJKMNP-TV-Z]{10}$"},"ordinal":{"description":"which copy of this export, from 1","type":"integer","minimum":1},"recipient_role":{"type":"string","minLength":1},"recipient":{"description":"pseudonymous mark of the person, as in the chain of custody","type":"string","minLength":1}}},"outcomes":{"description":"what became of each category of each subject that was asked; none is left out","type":"array","minItems":1,"items":{"type":"object","additionalProperties":false,"required":["subject_ref","category","asked","decision","applied","result","records","reasons"],"properties":{"subject_ref":{"$ref":"#/$defs/id"},"category":{"$ref":"#/$defs/category"},"asked":{"$ref":"#/$defs/period"},"decision":{"description":"approved: as asked; narrowed: for less; withheld: approved, but not in this bundle","enum":["approved","narrowed","refused","not_held","withheld"]},"applied":{"description":"the approved period; null where nothing was approved","anyOf":[{"$ref":"#/$defs/period"},{"type":"null"}]},"result":{"description":"not_held: looked for, and nothing found","enum":["disclosed","not_held","refused","withheld"]},"records":{"$ref":"#/$defs/count"},"reasons":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["code","text","cure"],"properties":{"code":{"$ref":"#/$defs/id"},"text":{"type":"string"},"cure":{"description":"what would make the request valid","type":"string"}}}}}}},"scope_applied":{"description":"what was approved, all outcomes together; each record is inside its own outcome","type":"object","additionalProperties":false,"required":["categories","period","subjects"],"properties":{"categories":{"type":"array","uniqueItems":true,"items":{"$ref":"#/$defs/category"}},"period":{"$ref":"#/$defs/period"},"subjects":{"type":"array","uniqueItems":true,"items":{"$ref":"#/$defs/id"}}}},"rule_violations":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["subject_ref","rule_id","decision_id","decided_at","confirmed_by_roles"],"properties":{"subject_ref":{"type":"string"},"rule_id":{"type":"string"},"decision_id":{"type":"string"},"decided_at":{"$ref":"#/$defs/time"},"confirmed_by_roles":{"type":"array","minItems":2,"maxItems":2,"items":{"type":"string","minLength":1}}}}},"minimisation":{"type":"object","additionalProperties":false,"required":["statement_id","text","excluded_categories","records_examined","records_disclosed"],"properties":{"statement_id":{"type":"string"},"text":{"type":"string"},"excluded_categories":{"$ref":"#/$defs/strings"},"records_examined":{"$ref":"#/$defs/count"},"records_disclosed":{"$ref":"#/$defs/count"}}},"redactions":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["field","count","reason_code","legal_basis"],"properties":{"field":{"type":"string"},"count":{"$ref":"#/$defs/count"},"reason_code":{"type":"string"},"legal_basis":{"type":"string"}}}},"approvals":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["role","decision","at","key_id"],"properties":{"role":{"type":"string"},"decision":{"type":"string"},"at":{"$ref":"#/$defs/time"},"key_id":{"type":"string"}}}},"custody":{"description":"chain of custody: who had which data in hand, when and why; people by role and pseudonym","type":"array","items":{"type":"object","additionalProperties":false,"required":["at","action","role","by","object","sha256","event_id","why"],"properties":{"at":{"$ref":"#/$defs/time"},"action":{"enum":["received","decided","confirmed","retrieved","approved","sealed","granted"]},"role":{"type":"string"},"by":{"type":"string"},"object":{"type":"string"},"sha256":{"type":"string","pattern":"^([0-9a-f]{64})?$"},"event_id":{"description":"of the audit log, or empty","type":"string"},"why":{"type":"string"}}}},"source_systems":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["name","version","clock_source","max_clock_error_ms","precision_us"],"properties":{"name":{"type":"string"},"version":{"type":"string"},"clock_source":{"type":"string"},"max_clock_error_ms":{"$ref":"#/$defs/count"},"precision_us":{"description":"of recorded event times, in microseconds","type":"integer","minimum":0}}}},"result":{"enum":["data","partial","no_data","refused"]},"limitations":{"$ref":"#/$defs/strings"},"audit":{"description":"the event that commits to this file; its index in the log stands in data/audit/export.tlog-proof","type":"object","additionalProperties":false,"required":["log_origin","event_id"],"properties":{"log_origin":{"type":"string"},"event_id":{"type":"string"}}},"absences":{"description":"each column that is empty in some row, and what an empty cell says there; a column that is not named is empty nowhere","type":"array","items":{"type":"object","additionalProperties":false,"required":["table","column","empty","rows","meaning"],"properties":{"table":{"enum":["phone_numbers","ip_addresses"]},"column":{"type":"string"},"empty":{"type":"integer","minimum":1},"rows":{"type":"integer","minimum":1},"meaning":{"type":"string"}}}},"derivations":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["query_id","query_sha256","operator_role","system"],"properties":{"query_id":{"type":"string"},"query_sha256":{"type":"string"},"operator_role":{"type":"string"},"system":{"type":"string"}}}},"files":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["path","media_type","bytes","sha256","rows"],"properties":{"path":{"type":"string","pattern":"^data/"},"media_type":{"type":"string"},"bytes":{"$ref":"#/$defs/count"},"sha256":{"$ref":"#/$defs/sha256"},"rows":{"type":["integer","null"],"minimum":0}}}},"signer":{"type":"object","additionalProperties":false,"required":["key_id","cert_sha256"],"properties":{"key_id":{"type":"string"},"cert_sha256":{"$ref":"#/$defs/sha256"}}},"tool":{"type":"object","additionalProperties":false,"required":["name","version"],"properties":{"name":{"type":"string"},"version":{"type":"string"}}}},"description":"Version 1. A change that an old reader could misread gets a new number and a new $id."},
"ip_addresses.csv-metadata.json": {"@context":"http://www.w3.org/ns/csvw","dialect":{"encoding":"utf-8","header":true,"lineTerminators":["\r\n"]},"tableSchema":{"columns":[{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"id of the record inside this copy of the bundle; it ends in the mark of the copy","name":"record_id","null":"","required":true,"titles":"record_id"},{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"reference of the request that is answered","name":"request_ref","null":"","required":true,"titles":"request_ref"},{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"which subject of the request","name":"subject_ref","null":"","required":true,"titles":"subject_ref"},{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"the platform's id of the account; never given to another account","name":"account_id","null":"","required":true,"titles":"account_id"},{"datatype":{"base":"string","format":"registration|login|session_refresh|logout|phone_verify|rule_violation"},"dc:description":"what happened","name":"event_type","null":"","required":true,"titles":"event_type"},{"datatype":"dateTimeStamp","dc:description":"when it happened, with the digits that the source records","name":"event_time_utc","null":"","required":true,"titles":"event_time_utc"},{"datatype":"integer","dc:description":"version of the address","name":"ip_version","null":"","required":true,"titles":"ip_version"},{"datatype":{"base":"string","format":"^[0-9a-f:.]+$"},"dc:description":"the user's public address; IPv6 as RFC 5952 writes it","name":"ip_address","null":"","required":true,"titles":"ip_address"},{"datatype":"integer","dc:description":"the user's port; tells apart who shares an address; empty: not recorded by the source","name":"source_port","null":"","required":false,"titles":"source_port"},{"datatype":{"base":"string","format":"^[0-9a-f:.]+$"},"dc:description":"the platform's address; empty: not recorded by the source","name":"destination_ip","null":"","required":false,"titles":"destination_ip"},{"datatype":"integer","dc:description":"the platform's port; empty: not recorded by the source","name":"destination_port","null":"","required":false,"titles":"destination_port"},{"datatype":{"base":"string","format":"tcp|udp|quic"},"dc:description":"transport protocol; empty: not recorded by the source","name":"transport","null":"","required":false,"titles":"transport"},{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"the platform's id of the session; equal in events of one session; empty: not recorded by the source","name":"session_id","null":"","required":false,"titles":"session_id"},{"datatype":{"base":"string","format":"mobile|web|desktop|api"},"dc:description":"kind of program; empty: not recorded by the source","name":"session_type","null":"","required":false,"titles":"session_type"},{"datatype":"dateTimeStamp","dc:description":"first activity of the session from this address; empty: not recorded by the source, or outside the approved period","name":"first_seen_utc","null":"","required":false,"titles":"first_seen_utc"},{"datatype":"dateTimeStamp","dc:description":"last activity of the session from this address; empty: not recorded by the source, or outside the approved period","name":"last_seen_utc","null":"","required":false,"titles":"last_seen_utc"},{"datatype":"dateTimeStamp","dc:description":"end of the session; empty: had not ended when the record was retrieved, or the end lies outside the approved period","name":"session_end_utc","null":"","required":false,"titles":"session_end_utc"},{"datatype":"boolean","dc:description":"whether the address is known to be shared or a proxy; empty: not known to the source","name":"is_shared_or_proxied","null":"","required":false,"titles":"is_shared_or_proxied"},{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"system from which the record comes","name":"source_system","null":"","required":true,"titles":"source_system"},{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"id of the record in that system","name":"source_record_id","null":"","required":true,"titles":"source_record_id"},{"datatype":"dateTimeStamp","dc:description":"when the record was read","name":"retrieved_at_utc","null":"","required":true,"titles":"retrieved_at_utc"}],"primaryKey":"record_id"},"url":"../records/ip_addresses.csv"},
"outcomes.csv-metadata.json": {"@context":"http://www.w3.org/ns/csvw","dialect":{"encoding":"utf-8","header":true,"lineTerminators":["\r\n"]},"tableSchema":{"columns":[{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"reference of the request that is answered","name":"request_ref","null":"","required":true,"titles":"request_ref"},{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"which subject of the request","name":"subject_ref","null":"","required":true,"titles":"subject_ref"},{"datatype":{"base":"string","format":"phone_number|ip_address"},"dc:description":"what was asked","name":"category","null":"","required":true,"titles":"category"},{"datatype":"dateTimeStamp","dc:description":"beginning of the period asked for","name":"asked_from_utc","null":"","required":true,"titles":"asked_from_utc"},{"datatype":"dateTimeStamp","dc:description":"its end, which is no longer part of it","name":"asked_to_utc","null":"","required":true,"titles":"asked_to_utc"},{"datatype":{"base":"string","format":"approved|narrowed|refused|not_held|withheld"},"dc:description":"what was decided","name":"decision","null":"","required":true,"titles":"decision"},{"datatype":"dateTimeStamp","dc:description":"beginning of the approved period; empty: nothing was approved","name":"applied_from_utc","null":"","required":false,"titles":"applied_from_utc"},{"datatype":"dateTimeStamp","dc:description":"its end, which is no longer part of it; empty: nothing was approved","name":"applied_to_utc","null":"","required":false,"titles":"applied_to_utc"},{"datatype":{"base":"string","format":"disclosed|not_held|refused|withheld"},"dc:description":"what came of it","name":"result","null":"","required":true,"titles":"result"},{"datatype":"integer","dc:description":"how many records are disclosed","name":"records","null":"","required":true,"titles":"records"},{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}( [A-Za-z0-9][A-Za-z0-9._:@/-]{0,127})*$"},"dc:description":"why less is given than was asked; export.json has the reasons in words; empty: nothing was withheld","name":"reason_codes","null":"","required":false,"titles":"reason_codes"}],"primaryKey":["subject_ref","category"]},"url":"../records/outcomes.csv"},
"phone_numbers.csv-metadata.json": {"@context":"http://www.w3.org/ns/csvw","dialect":{"encoding":"utf-8","header":true,"lineTerminators":["\r\n"]},"tableSchema":{"columns":[{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"id of the record inside this copy of the bundle; it ends in the mark of the copy","name":"record_id","null":"","required":true,"titles":"record_id"},{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"reference of the request that is answered","name":"request_ref","null":"","required":true,"titles":"request_ref"},{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"which subject of the request","name":"subject_ref","null":"","required":true,"titles":"subject_ref"},{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"the platform's id of the account; never given to another account","name":"account_id","null":"","required":true,"titles":"account_id"},{"datatype":{"base":"string","format":"^\\+[1-9][0-9]{1,14}$"},"dc:description":"the number in E.164 form with its plus sign","name":"phone_e164","null":"","required":true,"titles":"phone_e164"},{"datatype":{"base":"string","format":"verified|unverified|expired|removed"},"dc:description":"whether the holder proved to receive messages at the number; empty: not recorded by the source","name":"verification_status","null":"","required":false,"titles":"verification_status"},{"datatype":"dateTimeStamp","dc:description":"when that was proved; empty: not recorded by the source, or outside the approved period","name":"verified_at_utc","null":"","required":false,"titles":"verified_at_utc"},{"datatype":"dateTimeStamp","dc:description":"first moment at which the account had the number; empty: not recorded by the source","name":"valid_from_utc","null":"","required":false,"titles":"valid_from_utc"},{"datatype":"dateTimeStamp","dc:description":"first moment at which it no longer had it; empty: the account still had the number when the record was retrieved","name":"valid_to_utc","null":"","required":false,"titles":"valid_to_utc"},{"datatype":"boolean","dc:description":"whether the account had the number when the record was retrieved; empty: not known to the source","name":"is_current","null":"","required":false,"titles":"is_current"},{"datatype":{"base":"string","format":"^[1-9][0-9]{0,2}$"},"dc:description":"the number's country calling code; empty: the numbering plan has no country code with which the number begins","name":"country_calling_code","null":"","required":false,"titles":"country_calling_code"},{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"system from which the record comes","name":"source_system","null":"","required":true,"titles":"source_system"},{"datatype":{"base":"string","format":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"},"dc:description":"id of the record in that system","name":"source_record_id","null":"","required":true,"titles":"source_record_id"},{"datatype":"dateTimeStamp","dc:description":"when the record was read","name":"retrieved_at_utc","null":"","required":true,"titles":"retrieved_at_utc"}],"primaryKey":"record_id"},"url":"../records/phone_numbers.csv"},
"records.schema.json": {"$id":"urn:lerd:schema:records:1","$schema":"https://json-schema.org/draft/2020-12/schema","additionalProperties":false,"properties":{"derivations":{"items":{"additionalProperties":false,"properties":{"operator_role":{"type":"string"},"query_id":{"type":"string"},"query_sha256":{"type":"string"},"system":{"type":"string"}},"required":["query_id","query_sha256","operator_role","system"],"type":"object"},"type":"array"},"export_id":{"pattern":"^EXP-[0-9]{4}-[0-9]{6,12}$","type":"string"},"ip_addresses":{"items":{"additionalProperties":false,"properties":{"account_id":{"description":"the platform's id of the account; never given to another account","pattern":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$","type":"string"},"destination_ip":{"description":"the platform's address; null: not recorded by the source","pattern":"^[0-9a-f:.]+$","type":["string","null"]},"destination_port":{"description":"the platform's port; null: not recorded by the source","maximum":65535,"minimum":1,"type":["integer","null"]},"event_time_utc":{"description":"when it happened, with the digits that the source records","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.([0-9]{3}){1,3})?Z$","type":"string"},"event_type":{"description":"what happened","enum":["registration","login","session_refresh","logout","phone_verify","rule_violation"],"type":"string"},"first_seen_utc":{"description":"first activity of the session from this address; null: not recorded by the source, or outside the approved period","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.([0-9]{3}){1,3})?Z$","type":["string","null"]},"ip_address":{"description":"the user's public address; IPv6 as RFC 5952 writes it","pattern":"^[0-9a-f:.]+$","type":"string"},"ip_version":{"description":"version of the address","enum":[4,6],"type":"integer"},"is_shared_or_proxied":{"description":"whether the address is known to be shared or a proxy; null: not known to the source","type":["boolean","null"]},"last_seen_utc":{"description":"last activity of the session from this address; null: not recorded by the source, or outside the approved period","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.([0-9]{3}){1,3})?Z$","type":["string","null"]},"query_id":{"type":"string"},"record_id":{"description":"id of the record inside this copy of the bundle; it ends in the mark of the copy","pattern":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$","type":"string"},"request_ref":{"description":"reference of the request that is answered","pattern":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$","type":"string"},"retrieved_at_utc":{"description":"when the record was read","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.([0-9]{3}){1,3})?Z$","type":"string"},"session_end_utc":{"description":"end of the session; null: had not ended when the record was retrieved, or the end lies outside the approved period","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.([0-9]{3}){1,3})?Z$","type":["string","null"]},"session_id":{"description":"the platform's id of the session; equal in events of one session; null: not recorded by the source","pattern":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$","type":["string","null"]},"session_type":{"description":"kind of program; null: not recorded by the source","enum":["mobile","web","desktop","api",null],"type":["string","null"]},"source_port":{"description":"the user's port; tells apart who shares an address; null: not recorded by the source","maximum":65535,"minimum":1,"type":["integer","null"]},"source_record_id":{"description":"id of the record in that system","pattern":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$","type":"string"},"source_system":{"description":"system from which the record comes","pattern":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$","type":"string"},"subject_ref":{"description":"which subject of the request","pattern":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$","type":"string"},"transport":{"description":"transport protocol; null: not recorded by the source","enum":["tcp","udp","quic",null],"type":["string","null"]}},"required":["record_id","request_ref","subject_ref","account_id","event_type","event_time_utc","ip_version","ip_address","source_port","destination_ip","destination_port","transport","session_id","session_type","first_seen_utc","last_seen_utc","session_end_utc","is_shared_or_proxied","source_system","source_record_id","retrieved_at_utc","query_id"],"type":"object"},"type":"array"},"phone_numbers":{"items":{"additionalProperties":false,"properties":{"account_id":{"description":"the platform's id of the account; never given to another account","pattern":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$","type":"string"},"country_calling_code":{"description":"the number's country calling code; null: the numbering plan has no country code with which the number begins","pattern":"^[1-9][0-9]{0,2}$","type":["string","null"]},"is_current":{"description":"whether the account had the number when the record was retrieved; null: not known to the source","type":["boolean","null"]},"phone_e164":{"description":"the number in E.164 form with its plus sign","pattern":"^\\+[1-9][0-9]{1,14}$","type":"string"},"query_id":{"type":"string"},"record_id":{"description":"id of the record inside this copy of the bundle; it ends in the mark of the copy","pattern":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$","type":"string"},"request_ref":{"description":"reference of the request that is answered","pattern":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$","type":"string"},"retrieved_at_utc":{"description":"when the record was read","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.([0-9]{3}){1,3})?Z$","type":"string"},"source_record_id":{"description":"id of the record in that system","pattern":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$","type":"string"},"source_system":{"description":"system from which the record comes","pattern":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$","type":"string"},"subject_ref":{"description":"which subject of the request","pattern":"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$","type":"string"},"valid_from_utc":{"description":"first moment at which the account had the number; null: not recorded by the source","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.([0-9]{3}){1,3})?Z$","type":["string","null"]},"valid_to_utc":{"description":"first moment at which it no longer had it; null: the account still had the number when the record was retrieved","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.([0-9]{3}){1,3})?Z$","type":["string","null"]},"verification_status":{"description":"whether the holder proved to receive messages at the number; null: not recorded by the source","enum":["verified","unverified","expired","removed",null],"type":["string","null"]},"verified_at_utc":{"description":"when that was proved; null: not recorded by the source, or outside the approved period","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.([0-9]{3}){1,3})?Z$","type":["string","null"]}},"required":["record_id","request_ref","subject_ref","account_id","phone_e164","verification_status","verified_at_utc","valid_from_utc","valid_to_utc","is_current","country_calling_code","source_system","source_record_id","retrieved_at_utc","query_id"],"type":"object"},"type":"array"},"schema":{"const":"lerd.records/1"}},"required":["schema","export_id","derivations","phone_numbers","ip_addresses"],"title":"Records of a bundle (lerd.records/1)","type":"object"}
}""")
# END SCHEMAS

if __name__ == "__main__":
    main()
