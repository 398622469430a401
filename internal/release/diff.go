package release

import (
	"net/url"
	"regexp"
	"strings"
)

var (
	githubRepo = regexp.MustCompile(`^/([^/]+/[^/]+)(?:/|$)`)
	gitlabRepo = regexp.MustCompile(`^/(.+?)/-/`)
)

// diffURL is where the commits between two releases are to be read: at the repository that
// the release's own link leads into, or at the one whose webhook told of it. "" when there
// is nothing to compare, or no address of a kind that is known.
func diffURL(link, repo, from, to string) string {
	if from == "" || to == "" || from == to {
		return ""
	}
	span := url.PathEscape(from) + "..." + url.PathEscape(to)
	if u, err := url.Parse(link); err == nil && u.Host != "" {
		base := u.Scheme + "://" + u.Host
		if m := gitlabRepo.FindStringSubmatch(u.Path); m != nil {
			return base + "/" + m[1] + "/-/compare/" + span
		}
		if m := githubRepo.FindStringSubmatch(u.Path); m != nil && strings.Contains(u.Host, "github") {
			return base + "/" + m[1] + "/compare/" + span
		}
	}
	if strings.Count(repo, "/") == 1 {
		return "https://github.com/" + repo + "/compare/" + span
	}
	return ""
}
