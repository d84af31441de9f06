package export

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/google/uuid"
)

// MaxCaseRecords is up to how many records case.jsonld lists them singly; above,
// it refers to the CSV files.
const MaxCaseRecords = 10_000

type node = map[string]any

// caseGraph keeps the first records, and writes their CASE/UCO form when all are
// known: as a list, or above MaxCaseRecords as references to the files.
// SPEC: CASE 1.4, UCO 1.4 (ontology.caseontology.org).
type caseGraph struct {
	id      string
	header  *Header
	phones  []PhoneRecord
	ips     []IPRecord
	records int64
	out     io.Writer
	buf     []byte
	err     error
	objects []any           // references to what was written
	known   map[string]node // references, by kind and thing
}

func newCaseGraph(c *Content) *caseGraph {
	return &caseGraph{id: c.Header.ExportID, header: &c.Header, known: map[string]node{}}
}

// ref gives a name that depends on the export and the thing alone.
func (g *caseGraph) ref(kind, what string) string {
	return "kb:" + kind + "-" + uuid.NewSHA1(uuid.NameSpaceURL, []byte("lerd:"+g.id+":"+kind+":"+what)).String()
}

// keep tells whether the record still belongs in the graph.
func (g *caseGraph) keep() bool {
	if g.records++; g.records == MaxCaseRecords+1 {
		g.phones, g.ips = nil, nil
	}
	return g.records <= MaxCaseRecords
}

func (g *caseGraph) phone(p *PhoneRecord) {
	if g.keep() {
		g.phones = append(g.phones, *p)
		g.phones[len(g.phones)-1].RecordID += "-" + g.header.Copy.Mark
	}
}

func (g *caseGraph) ip(p *IPRecord) {
	if g.keep() {
		g.ips = append(g.ips, *p)
		g.ips[len(g.ips)-1].RecordID += "-" + g.header.Copy.Mark
	}
}

// node writes one member of the bundle.
func (g *caseGraph) node(n node) {
	b, err := appendGraph(append(g.buf[:0], ",\n"...), n)
	g.buf = b
	if err == nil && g.err == nil {
		_, g.err = g.out.Write(b)
	}
	if g.err == nil {
		g.err = err
	}
}

func (g *caseGraph) add(kind, what string, facets ...node) node {
	return g.named(kind, what, "", facets...)
}

// named adds an object once, with a name if it has one.
func (g *caseGraph) named(kind, what, name string, facets ...node) node {
	key := kind + ":" + what
	if id, known := g.known[key]; known {
		return id
	}
	id := node{"@id": g.ref(kind, what)}
	g.known[key] = id
	for i := range facets {
		facets[i]["@id"] = g.ref(kind+"-facet", what+":"+strconv.Itoa(i))
	}
	n := node{"@id": id["@id"], "@type": "uco-observable:ObservableObject", "uco-core:hasFacet": facets}
	if name != "" {
		n["uco-core:name"] = name
	}
	g.node(n)
	g.objects = append(g.objects, id)
	return id
}

func (g *caseGraph) account(accountID string) node {
	if id, known := g.known["account:"+accountID]; known {
		return id
	}
	return g.add("account", accountID, node{"@type": "uco-observable:ApplicationAccountFacet"},
		node{"@type": "uco-observable:AccountFacet", "uco-observable:accountIdentifier": accountID})
}

// addPhone adds the number, and that the account had it, from when to when.
func (g *caseGraph) addPhone(p *PhoneRecord) {
	phone := g.add("phone", p.RecordID, node{"@type": "uco-observable:PhoneAccountFacet", "uco-observable:phoneNumber": p.Phone.Reveal()})
	held := node{"@id": g.ref("relationship", p.RecordID), "@type": "uco-observable:ObservableRelationship", "uco-core:kindOfRelationship": "Assigned_To",
		"uco-core:isDirectional": true, "uco-core:source": []any{phone}, "uco-core:target": g.account(p.AccountID)}
	for name, m := range map[string]Moment{"uco-core:startTime": p.ValidFrom, "uco-core:endTime": p.ValidTo} {
		if !m.At.IsZero() {
			held[name] = typed("dateTime", string(m.append(nil)))
		}
	}
	g.node(held)
	g.objects = append(g.objects, node{"@id": held["@id"]})
}

func (g *caseGraph) addIP(p *IPRecord) {
	facet := node{"@type": "uco-observable:NetworkConnectionFacet",
		"uco-observable:src":       []any{g.account(p.AccountID), g.address(p.Addr.Reveal().String(), p.Addr.Reveal().Is6())},
		"uco-observable:startTime": typed("dateTime", string(p.EventTime.append(nil)))}
	if p.SourcePort != 0 {
		facet["uco-observable:sourcePort"] = typed("integer", strconv.Itoa(int(p.SourcePort)))
	}
	if d := p.Destination.Reveal(); d.IsValid() {
		facet["uco-observable:dst"] = []any{g.address(d.String(), d.Is6())}
	}
	if p.DestinationPort != 0 {
		facet["uco-observable:destinationPort"] = typed("integer", strconv.Itoa(int(p.DestinationPort)))
	}
	g.named("connection", p.RecordID, p.EventType, facet)
}

func (g *caseGraph) address(text string, six bool) node {
	if id, known := g.known["address:"+text]; known {
		return id
	}
	kind := "uco-observable:IPv4AddressFacet"
	if six {
		kind = "uco-observable:IPv6AddressFacet"
	}
	return g.add("address", text, node{"@type": kind, "uco-observable:addressValue": text})
}

func typed(kind, value string) node { return node{"@type": "xsd:" + kind, "@value": value} }

// write gives the file: the investigation, its authorization, the export as an
// action, and the objects or, above the limit, the files that hold them.
func (g *caseGraph) write(out io.Writer, files []staged, tool string) error {
	g.out, g.known = out, map[string]node{}
	at := typed("dateTime", stampOf(g.header.GeneratedAt))
	auth, record, program := g.ref("authorization", g.id), g.ref("provenance", g.id), g.ref("tool", tool)
	action := g.ref("action", g.id)
	head, err := json.Marshal(node{"@context": caseContext, "@id": g.ref("bundle", g.id), "@type": "uco-core:Bundle"})
	if err != nil {
		return err
	}
	first, err := json.Marshal(node{"@id": g.ref("investigation", g.id), "@type": "case-investigation:Investigation",
		"case-investigation:relevantAuthorization": []any{node{"@id": auth}},
		"uco-core:object":                          []any{node{"@id": action}, node{"@id": record}}})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "%s,\"uco-core:object\":[\n%s", head[:len(head)-1], first); err != nil {
		return err
	}
	g.node(node{"@id": auth, "@type": "case-investigation:Authorization",
		"case-investigation:authorizationIdentifier": []string{g.header.Request.Ref},
		"case-investigation:authorizationType":       g.header.Request.Instrument})
	g.node(node{"@id": program, "@type": "uco-tool:Tool", "uco-core:name": "lerd", "uco-tool:version": tool})
	g.node(node{"@id": action, "@type": "case-investigation:InvestigativeAction", "uco-core:name": "disclosure",
		"uco-action:startTime": at, "uco-action:endTime": at, "uco-action:instrument": []any{node{"@id": program}},
		"uco-action:result": []any{node{"@id": record}}})
	g.writeObjects(files)
	g.node(node{"@id": record, "@type": "case-investigation:ProvenanceRecord",
		"case-investigation:exhibitNumber": g.id, "uco-core:object": emptyList(g.objects)})
	if _, err := out.Write([]byte("\n]}\n")); g.err == nil {
		g.err = err
	}
	return g.err
}

func (g *caseGraph) writeObjects(files []staged) {
	for _, f := range files {
		g.file(f)
	}
	if g.records > MaxCaseRecords {
		return
	}
	for i := range g.phones {
		g.addPhone(&g.phones[i])
	}
	for i := range g.ips {
		g.addIP(&g.ips[i])
	}
}

func emptyList(l []any) []any {
	if l == nil {
		return []any{}
	}
	return l
}

func (g *caseGraph) file(f staged) node {
	hash := node{"@id": g.ref("hash", f.Name), "@type": "uco-types:Hash", "uco-types:hashMethod": "SHA256",
		"uco-types:hashValue": typed("hexBinary", hexOf(f.SHA256))}
	return g.add("file", f.Name,
		node{"@type": "uco-observable:FileFacet", "uco-observable:fileName": f.Name, "uco-observable:sizeInBytes": typed("integer", fmt.Sprint(f.Size))},
		node{"@type": "uco-observable:ContentDataFacet", "uco-observable:hash": []any{hash}})
}

var caseContext = map[string]string{
	"kb":                 "urn:lerd:kb:",
	"case-investigation": "https://ontology.caseontology.org/case/investigation/",
	"uco-action":         "https://ontology.unifiedcyberontology.org/uco/action/",
	"uco-core":           "https://ontology.unifiedcyberontology.org/uco/core/",
	"uco-observable":     "https://ontology.unifiedcyberontology.org/uco/observable/",
	"uco-tool":           "https://ontology.unifiedcyberontology.org/uco/tool/",
	"uco-types":          "https://ontology.unifiedcyberontology.org/uco/types/",
	"xsd":                "http://www.w3.org/2001/XMLSchema#",
}
