package i18n

import "testing"

func TestParse(t *testing.T) {
	for in, want := range map[string]Lang{
		"":                                 En,
		"C":                                En,
		"ja_JP.UTF-8":                      Ja,
		"en_US.UTF-8":                      En,
		"ja":                               Ja,
		"fr-FR,fr;q=0.9,ja;q=0.8,en;q=0.7": Ja,
		"fr, en-GB;q=0.8, ja;q=0.7":        En,
		"JA-JP":                            Ja,
		"de":                               En,
	} {
		if got := Parse(in); got != want {
			t.Errorf("Parse(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestFRendersTextsInTheLanguageOfTheirSentence(t *testing.T) {
	got := F("%s is away for %d s", "%[1]sが%[2]d秒間応答していません", T("the engine", "エンジン"), 3)
	if got.En != "the engine is away for 3 s" || got.Ja != "エンジンが3秒間応答していません" {
		t.Errorf("got %+v", got)
	}
	if got.In(Ja) != got.Ja || got.In("xx") != got.En || got.String() != got.En {
		t.Error("In or String picks the wrong sentence")
	}
	if (Text{En: "only"}).In(Ja) != "only" {
		t.Error("a text without Japanese must fall back to English")
	}
}
