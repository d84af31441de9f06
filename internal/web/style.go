package web

import (
	"net/http"
	"strings"
	"time"

	"lerd/internal/fault"
)

// stylePage shows every component once; it exists in development mode only.
type stylePage struct {
	Base
	Form      *Form
	Facts     []Fact
	Table     Table
	NoTable   Table
	Steps     []Step
	Progress  Progress
	Tasks     []Task
	Notices   []Notice
	Badges    []Badge
	Buttons   []Button
	Digest    Digest
	Paging    Pages
	Nothing   Empty
	Sample    When
	Colours   []string
	Choosable Task
	StepUp    *StepUp
}

var styleView = newPage[stylePage]("style", "field", "error_summary", "button", "badge", "cell", "when", "table",
	"step_up", "facts", "timeline", "progress", "check", "digest", "pages", "empty", "breadcrumb")

func (s *Server) styleRoutes() []Route {
	if !s.cfg.Development {
		return nil
	}
	return []Route{{Method: http.MethodGet, Path: "/style", Name: "style.show", Title: "style.title", Public: true, Handle: s.style}}
}

// sampleInput has one field of every kind.
type sampleInput struct {
	Reference string     `form:"reference" validate:"required,max=60" label:"style.f.text" hint:"style.f.text.hint" width:"medium"`
	Mail      string     `form:"mail" validate:"omitempty,email" label:"style.f.mail" input:"email" autocomplete:"email"`
	Phone     string     `form:"phone" validate:"required" label:"style.f.tel" input:"tel" width:"short" autocomplete:"off"`
	Offence   string     `form:"offence" validate:"required,max=2000" label:"style.f.area" input:"textarea" rows:"4"`
	Country   string     `form:"country" validate:"required" label:"style.f.select" input:"select"`
	Kind      string     `form:"kind" validate:"required" label:"style.f.radios" hint:"style.f.radios.hint" input:"radios"`
	Wanted    []string   `form:"wanted" validate:"required,min=1" label:"style.f.boxes" input:"checkboxes"`
	Sworn     bool       `form:"sworn" validate:"required" label:"style.f.box"`
	Order     string     `form:"order" label:"style.f.file" hint:"style.f.file.hint" input:"file" accept:".pdf"`
	From      DateTime   `form:"from" label:"style.f.from"`
	Rows      []rowInput `form:"rows" validate:"dive"`
}

type rowInput struct {
	Value string `form:"value" validate:"required" label:"style.f.text" width:"medium"`
}

func (s *Server) style(c *Ctx) error {
	at := time.Date(2026, 11, 2, 14, 5, 0, 0, time.UTC)
	berlin, _ := time.LoadLocation("Europe/Berlin")
	p := stylePage{Base: c.Base("style.title"), Sample: When{At: at, Zone: berlin}, Form: s.styleForm(c)}
	p.Wide = true
	p.Crumbs = []Crumb{{"Requests", "/"}, {"2026-000123", "/"}, {"Review", ""}}
	p.Digest = Digest{"SHA-256", strings.Repeat("9f86d081884c7d65", 4)}
	p.Colours = []string{"text", "muted", "surface", "accent", "good", "caution", "danger"}
	for _, t := range []Tone{Plain, Info, Good, Caution, Danger} {
		p.Badges = append(p.Badges, Badge{"State: " + string(t), t})
		p.Notices = append(p.Notices, Notice{Kind: t, Title: "Title of " + string(t), Text: "One or two sentences that say what this means for you, and what to do."})
	}
	p.StepUp = &StepUp{Text: c.T("step_up.evaluation")}
	p.Buttons = []Button{{Text: "Submit the request"}, {Text: "Save as draft", Kind: "secondary"}, {Text: "Withdraw the request", Kind: "danger"}}
	s.styleLists(&p)
	c.status = http.StatusOK
	return styleView.Show(c, p)
}

// styleForm is a form after a try with mistakes.
func (s *Server) styleForm(c *Ctx) *Form {
	in := sampleInput{Mail: "a.novak@", Offence: "Typed words stay as they were typed.", Rows: []rowInput{{"+49 30 901820"}, {""}},
		From: DateTime{Date: "2026-10-25", Time: "02:30", Zone: "Europe/Berlin"}}
	f := c.FormAgain("/style", in, fault.Fields([]fault.Problem{
		{Field: "reference", Message: "Give your file's number as it stands on the order."},
		{Field: "mail", Message: "Give a whole mail address, such as name@agency.example."},
		{Field: "kind", Message: "Choose what you ask for."},
		{Field: "from-time", Message: "This hour came twice that night. Say whether it is before or after the clocks went back."},
	}))
	f.Options("country", []Option{{Value: "", Text: "Choose"}, {Value: "DE", Text: "Germany"}, {Value: "IN", Text: "India"}})
	f.Options("kind", []Option{{Value: "p", Text: "Hand over data", Hint: "An order that names the data"}, {Value: "f", Text: "Keep data for now"}})
	f.Options("wanted", []Option{{Value: "phone", Text: "Phone number"}, {Value: "ip", Text: "IP addresses"}})
	f.Options("from-fold", []Option{{Value: "", Text: "Choose"}, {Value: "first", Text: "Before the clocks went back"}, {Value: "second", Text: "After the clocks went back"}})
	return f
}

func (s *Server) styleLists(p *stylePage) {
	w := p.Sample
	p.Facts = []Fact{{"Order", Cell{Text: "12 Gs 345/26", Href: "/"}}, {"Issued", Cell{When: &w}}, {"State", Cell{Badge: &p.Badges[2]}},
		{"Document", Cell{Digest: &p.Digest, Note: "214 kB, 3 pages"}}}
	p.Table = Table{Caption: "Open requests", Columns: []Column{{Text: "Number"}, {Text: "State"}, {Text: "Due"}, {Text: "Targets", Number: true}},
		Rows: [][]Cell{
			{{Code: "2026-000123", Href: "/"}, {Badge: &p.Badges[1]}, {When: &w}, {Text: "3", Number: true}},
			{{Code: "2026-000124", Href: "/"}, {Badge: &p.Badges[3]}, {When: &w, Note: "in 2 working days"}, {Text: "1", Number: true}}}}
	p.NoTable = Table{Caption: "Preserved", Empty: Empty{"Nothing is preserved", "A preservation keeps data for 90 days and discloses nothing.", "/", "Ask for a preservation"}}
	p.Nothing = p.NoTable.Empty
	p.Steps = []Step{{Title: "Qualified", By: "Reviewer 7F", When: w, Text: "All checks are met.", Tone: Good, Digest: &p.Digest},
		{Title: "Submitted", By: "Officer", When: w, Tone: Info}}
	p.Progress = Progress{Label: "Progress of the request", Stages: []Stage{{"Submitted", "done", "done"}, {"Legal review", "here", "now"}, {"Violation", "ahead", "to come"}, {"Approval", "ahead", "to come"}, {"Delivery", "ahead", "to come"}},
		Next: "A reviewer checks the order. You need to do nothing.", DueIn: "Due", Due: &w, Tone: Info}
	answer := Field{ID: "vc-07", Name: "vc-07", Input: "radios", Label: "Is the issuer competent?", Options: []Option{{Value: "y", Text: "Yes"}, {Value: "n", Text: "No"}, {Value: "u", Text: "Cannot tell"}}}
	p.Tasks = []Task{{ID: "VC-01", Question: "The order names its issuer", State: Badge{"Met", Good}, Note: "Amtsgericht Musterstadt", Ref: "EU 2023/1543 Art. 5(5)(a)", By: "automatic", When: &w},
		{ID: "VC-07", Question: "The issuer may issue this kind of order", State: Badge{"Your answer", Caution}, Field: &answer}}
	p.Paging = Pages{"Pages of requests", "Newer", "Older", "", "/", "1 to 50 of 312"}
}
