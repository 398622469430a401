package demo

import (
	"fmt"

	"github.com/yagura-sre/yagura/demo/kit"
)

// products are what the shop sells, in three sizes; a product's id is its place, from 1.
var products = func() (all []string) {
	for _, size := range []string{"", " お徳用", " ギフト箱"} {
		for _, name := range names {
			all = append(all, name+size)
		}
	}
	return all
}()

var names = []string{
	"宇治抹茶 やまびこ", "深蒸し煎茶 朝霧", "玉露 しずく", "ほうじ茶 炉ばた", "玄米茶 こがね", "くき茶 若みどり", "和紅茶 べにふうき", "麦茶 ティーバッグ 50袋",
	"烏龍茶 鉄観音", "ジャスミン茶 春毫", "プーアル茶 熟成", "そば茶 信州", "黒豆茶 丹波", "ルイボスティー", "ゆず緑茶", "桜の葉茶",
	"Earl Grey Classic", "Darjeeling First Flush", "Assam Breakfast Tea", "Ceylon Uva Tea", "English Breakfast Tea Bags", "Chamomile Tea", "Peppermint Tea", "Masala Chai Tea",
	"Espresso Beans Notte", "Drip Bag Coffee 30", "Decaf House Blend", "Cold Brew Pack", "栗ようかん", "最中 六個入り", "塩せんべい", "黒糖かりんとう",
	"Shortbread Tin", "Ginger Biscuits", "急須 常滑", "湯のみ 有田", "茶筅 高山", "Glass Teapot 600ml", "Tea Strainer", "保温ボトル 500ml",
}

var categories = []string{"matcha", "sencha", "hojicha", "black-tea", "oolong", "herbal", "coffee", "sweets", "teaware", "gifts", "office", "seasonal"}

var sorts = []string{"new", "price", "popular"}

var companies = []string{
	"青葉食品", "北斗商事", "みなと印刷", "つばめ運輸", "白樺ソフトウェア", "大空設計", "はるか保険", "若竹製作所", "Sunrise Trading", "Kite Analytics",
	"銀河書店", "東雲建設", "ひまわり薬局", "琥珀珈琲", "潮騒ホテル", "Riverside Dental", "松風会計事務所", "あさひ学園", "翠銀行", "Maple Design",
}

// companyOf is the company that a user buys for, or 0. One in four buys for one.
func companyOf(user int) int {
	if user%4 != 0 {
		return 0
	}
	// The first companies are larger than the last.
	n := user / 4 % 100
	return 1 + n*n/500
}

func userName(user int) string { return fmt.Sprintf("u-%04d", user) }

func companyName(company int) string { return fmt.Sprintf("c-%03d", company) }

const users = 1200

// scale is how large the shop's databases are. By a virtual clock they are small, and a
// scanned row takes the longer (kit.World.RowCost); by the machine's they are as large as
// it takes for a scan to be felt.
type scale struct{ orders, days, slots int }

var (
	small = scale{orders: 6000, days: 1200, slots: 800}
	large = scale{orders: 300_000, days: 150_000, slots: 60_000}
)

// numbers is a table expression of the numbers from 1 to n.
func numbers(n int) string {
	return fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)", n)
}

func fill(db *kit.DB, statements ...string) error {
	for _, s := range statements {
		if err := db.Setup(s); err != nil {
			return fmt.Errorf("%w in %.80s", err, s)
		}
	}
	return nil
}

func productRows(db *kit.DB) error {
	for i, name := range products {
		if err := db.Setup(`INSERT INTO product (id, name, yen, category) VALUES (?, ?, ?, ?)`,
			i+1, name, 380+(i*i*37)%4200, categories[i%len(categories)]); err != nil {
			return err
		}
	}
	return nil
}
