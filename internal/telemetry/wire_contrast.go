package telemetry

import (
	"context"

	"github.com/yagura-sre/yagura/internal/api"
)

// ContrastBody is what chosen spans have in common.
type ContrastBody struct {
	Chosen SampledRecord      `json:"chosen"`
	Others SampledRecord      `json:"others"`
	Items  []DifferenceRecord `json:"items"`
}

// SampledRecord is a number of spans, and how many of them were looked at.
type SampledRecord struct {
	All  uint64 `json:"all"`
	Seen uint64 `json:"seen" doc:"Of very many, a sample is compared."`
}

// DifferenceRecord is a value that marks the chosen spans.
type DifferenceRecord struct {
	Key        string  `json:"key" doc:"As a filter writes it."`
	Label      string  `json:"label" doc:"The key's name in the asker's language, where it is a column."`
	Value      string  `json:"value"`
	Chosen     uint64  `json:"chosen" doc:"How many of the chosen that were looked at have it."`
	Others     uint64  `json:"others"`
	ChosenPart float64 `json:"chosen_part" doc:"The same as a share, 0 to 1."`
	OthersPart float64 `json:"others_part"`
	Surplus    float64 `json:"surplus" doc:"By how much the shares differ at least, at 99 % confidence."`
}

func newContrastBody(ctx context.Context, c Contrast, found []Difference) ContrastBody {
	body := ContrastBody{Chosen: SampledRecord(c.Chosen), Others: SampledRecord(c.Others), Items: make([]DifferenceRecord, len(found))}
	for i, d := range found {
		body.Items[i] = DifferenceRecord{
			Key: d.Key, Value: d.Value, Chosen: d.ContrastTally.Chosen, Others: d.ContrastTally.Others,
			ChosenPart: d.ChosenPart, OthersPart: d.OthersPart, Surplus: d.Surplus,
		}
		if field, ok := LookupField(Spans, d.Key); ok {
			body.Items[i].Label = field.Label.In(api.Lang(ctx))
		}
	}
	return body
}
