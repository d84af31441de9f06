package sample

// country says how accounts of a country are made up: its share, and numbers
// that have the form and the length of its numbers but lie in a range that
// its numbering plan does not assign, so that they belong to nobody.
type country struct {
	iso    string // ISO 3166-1 alpha-2
	prefix string // + country code and an unassigned beginning
	digits int    // that follow the prefix
	weight int    // accounts named in fulfilled requests in 2025
	offset int    // usual hours from UTC, for when people are awake
}

// countries follow the users named in fulfilled requests in 2025 as published
// by Telegram and collected by the project Te-k/telegram-transparency (CC BY);
// see docs/credits.md.
var countries = []country{
	{"IN", "+9110", 8, 39657, 5}, {"DE", "+4910", 9, 12455, 1}, {"KR", "+8213", 8, 5454, 9}, {"PL", "+4810", 7, 5037, 1},
	{"FR", "+3340", 7, 4821, 1}, {"US", "+110", 8, 4807, -5}, {"ES", "+3410", 7, 4551, 1}, {"GB", "+4410", 8, 4298, 0},
	{"KZ", "+710", 8, 2567, 5}, {"IT", "+3910", 8, 2164, 1}, {"BR", "+5510", 9, 777, -3}, {"CH", "+4110", 7, 398, 1},
	{"TR", "+9010", 8, 370, 3}, {"SE", "+4671", 7, 369, 1}, {"PT", "+35110", 7, 343, 0}, {"BE", "+3210", 7, 340, 1},
	{"RO", "+4010", 7, 329, 2}, {"NL", "+3112", 7, 325, 1}, {"CZ", "+42010", 7, 239, 1}, {"GR", "+3010", 8, 202, 2},
	{"CY", "+35710", 6, 193, 2}, {"FI", "+35811", 7, 166, 2}, {"LT", "+37010", 6, 145, 2}, {"CA", "+111", 8, 117, -5},
	{"AR", "+5410", 8, 104, -3}, {"AT", "+4310", 8, 92, 1}, {"NO", "+4710", 6, 79, 1}, {"SK", "+42110", 7, 35, 1},
	{"AU", "+6110", 7, 33, 10}, {"SG", "+6510", 6, 16, 8}, {"MD", "+37310", 6, 6, 2}, {"MX", "+5210", 8, 1, -6},
}

// totalWeight is the sum of the weights.
var totalWeight = func() (n int) {
	for _, c := range countries {
		n += c.weight
	}
	return n
}()

// countryOf gives the country at a place from 0 to totalWeight-1.
func countryOf(place int) country {
	for _, c := range countries {
		if place < c.weight {
			return c
		}
		place -= c.weight
	}
	return countries[0]
}
