package signin

import "strings"

// Browsers and systems by what their User-Agent says, the most telling first:
// nearly every browser claims to be several others.
var (
	browsers = []pair{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}}
	systems = []pair{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}}
)

type pair struct{ mark, name string }

// Device gives two words by which people know a session's device, such as
// "Firefox · Windows", out of a User-Agent; empty where it says neither.
// Whatever else it says is dropped: it is the sender's own text.
func Device(agent string) string {
	if len(agent) > 1000 {
		agent = agent[:1000]
	}
	var words []string
	for _, list := range [][]pair{browsers, systems} {
		for _, p := range list {
			if strings.Contains(agent, p.mark) {
				words = append(words, p.name)
				break
			}
		}
	}
	return strings.Join(words, " · ")
}
