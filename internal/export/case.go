package export

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// MaxCaseRecords is up to how many records case.jsonld lists them singly; above,
// it refers to the CSV files.
const MaxCaseRecords = 10_000

type node = map[string]any

// caseGraph collects the CASE/UCO form of the records.
// SPEC: CASE 1.4, UCO 1.4 (ontology.caseontology.org).
type caseGraph struct {
	id      string
	header  *Header
	nodes   []any
	objects []any // references to what was found
	records int64
	known   map[string]bool
}

func newCaseGraph(c *Content) *caseGraph {
	return &caseGraph{id: c.Header.ExportID, header: &c.Header, known: map[string]bool{}}
}

// ref gives a name that depends on the export and the thing alone.
func (g *caseGraph) ref(kind, what string) string {
	return "kb:" + kind + "-" + uuid.NewSHA1(uuid.NameSpaceURL, []byte("lerd:"+g.id+":"+kind+":"+what)).String()
}

// count tells whether the record still belongs in the graph.
func (g *caseGraph) count() bool {
	g.records++
	if g.records == MaxCaseRecords+1 {
		g.nodes, g.objects, g.known = nil, nil, nil
	}
	return g.records <= MaxCaseRecords
}

func (g *caseGraph) add(kind, what string, facets ...node) node {
	id := node{"@id": g.ref(kind, what)}
	if key := kind + ":" + what; !g.known[key] {
		g.known[key] = true
		for i := range facets {
			facets[i]["@id"] = g.ref(kind+"-facet", fmt.Sprint(what, ":", i))
		}
		g.nodes = append(g.nodes, node{"@id": id["@id"], "@type": "uco-observable:ObservableObject", "uco-core:hasFacet": facets})
		g.objects = append(g.objects, id)
	}
	return id
}

func (g *caseGraph) account(accountID string) node {
	return g.add("account", accountID, node{"@type": "uco-observable:ApplicationAccountFacet"},
		node{"@type": "uco-observable:AccountFacet", "uco-observable:accountIdentifier": accountID})
}

func (g *caseGraph) phone(p *PhoneRecord) {
	if !g.count() {
		return
	}
	g.account(p.AccountID)
	g.add("phone", p.RecordID, node{"@type": "uco-observable:PhoneAccountFacet", "uco-observable:phoneNumber": p.Phone.Reveal()})
}

func (g *caseGraph) ip(p *IPRecord) {
	if !g.count() {
		return
	}
	facet := node{"@type": "uco-observable:NetworkConnectionFacet",
		"uco-observable:src":       []any{g.account(p.AccountID), g.address(p.Addr.Reveal().String(), p.Addr.Reveal().Is6())},
		"uco-observable:startTime": typed("dateTime", p.EventTime.At.UTC().Format(momentLayouts[p.EventTime.Digits]))}
	if p.SourcePort != 0 {
		facet["uco-observable:sourcePort"] = typed("integer", fmt.Sprint(p.SourcePort))
	}
	if d := p.Destination.Reveal(); d.IsValid() {
		facet["uco-observable:dst"] = []any{g.address(d.String(), d.Is6())}
	}
	if p.DestinationPort != 0 {
		facet["uco-observable:destinationPort"] = typed("integer", fmt.Sprint(p.DestinationPort))
	}
	g.add("connection", p.RecordID, facet)
}

func (g *caseGraph) address(text string, six bool) node {
	kind := "uco-observable:IPv4AddressFacet"
	if six {
		kind = "uco-observable:IPv6AddressFacet"
	}
	return g.add("address", text, node{"@type": kind, "uco-observable:addressValue": text})
}

func typed(kind, value string) node { return node{"@type": "xsd:" + kind, "@value": value} }

// marshal gives the file: the investigation, its authorization, the export as
// an action, and the objects or, above the limit, the files that hold them.
func (g *caseGraph) marshal(files []staged, tool string) ([]byte, error) {
	if g.records > MaxCaseRecords {
		for _, f := range files {
			g.objects = append(g.objects, g.file(f))
		}
	}
	at := typed("dateTime", stampOf(g.header.GeneratedAt))
	auth := node{"@id": g.ref("authorization", g.id), "@type": "case-investigation:Authorization",
		"case-investigation:authorizationIdentifier": []string{g.header.Request.Ref},
		"case-investigation:authorizationType":       g.header.Request.Instrument}
	record := node{"@id": g.ref("provenance", g.id), "@type": "case-investigation:ProvenanceRecord",
		"case-investigation:exhibitNumber": g.id, "uco-core:object": emptyList(g.objects)}
	action := node{"@id": g.ref("action", g.id), "@type": "case-investigation:InvestigativeAction", "uco-core:name": "disclosure",
		"uco-action:startTime": at, "uco-action:endTime": at, "uco-action:instrument": []any{node{"@id": g.ref("tool", tool)}},
		"uco-action:result": []any{node{"@id": record["@id"]}}}
	program := node{"@id": g.ref("tool", tool), "@type": "uco-tool:Tool", "uco-core:name": "lerd", "uco-tool:version": tool}
	inquiry := node{"@id": g.ref("investigation", g.id), "@type": "case-investigation:Investigation",
		"case-investigation:relevantAuthorization": []any{node{"@id": auth["@id"]}},
		"uco-core:object":                          []any{node{"@id": action["@id"]}, node{"@id": record["@id"]}}}
	bundle := node{"@context": caseContext, "@id": g.ref("bundle", g.id), "@type": "uco-core:Bundle",
		"uco-core:object": append([]any{inquiry, auth, program, action, record}, g.nodes...)}
	b, err := json.MarshalIndent(bundle, "", " ")
	return append(b, '\n'), err
}

func emptyList(l []any) []any {
	if l == nil {
		return []any{}
	}
	return l
}

func (g *caseGraph) file(f staged) node {
	hash := node{"@id": g.ref("hash", f.Name), "@type": "uco-types:Hash", "uco-types:hashMethod": node{"@type": "uco-vocabulary:HashNameVocab", "@value": "SHA256"},
		"uco-types:hashValue": typed("hexBinary", hexOf(f.SHA256))}
	g.known = map[string]bool{}
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
	"uco-vocabulary":     "https://ontology.unifiedcyberontology.org/uco/vocabulary/",
	"xsd":                "http://www.w3.org/2001/XMLSchema#",
}
