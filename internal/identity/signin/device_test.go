package signin

import (
	"strings"
	"testing"
)

func TestDevice(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":  "Edge · Windows",
		"Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0":                                                         "Firefox · Linux",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile Safari/604": "Safari · iPhone",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":                "Chrome · Android",
		"": "", "curl/8": "", "<script>alert(1)</script> Firefox/1": "Firefox",
	} {
		if got := Device(agent); got != want {
			t.Errorf("%q gives %q, want %q", agent, got, want)
		}
	}
}

// FuzzDevice shows that nothing of the sender's own text gets through.
func FuzzDevice(f *testing.F) {
	f.Add("Firefox/ Windows")
	f.Add(strings.Repeat("x", 2000) + "Firefox/")
	known := map[string]bool{"": true}
	for _, list := range [][]pair{browsers, systems} {
		for _, p := range list {
			known[p.name] = true
		}
	}
	f.Fuzz(func(t *testing.T, agent string) {
		for _, word := range strings.Split(Device(agent), " · ") {
			if !known[word] {
				t.Errorf("%q gives %q", agent, word)
			}
		}
	})
}
