//! What the shop sells. The catalogue is fixed: a test can rely on every name and price.

use crate::money::Cents;

/// A group of products.
#[derive(Debug, PartialEq, Eq)]
pub struct Category {
    /// Its place in addresses: `mugs`.
    pub slug: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// One line about it.
    pub line: &'static str,
}

/// One thing for sale.
#[derive(Debug, PartialEq, Eq)]
pub struct Product {
    /// Its place in addresses and carts: `blue-mug`.
    pub sku: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// The slug of its category.
    pub category: &'static str,
    /// What one costs.
    pub price: Cents,
    /// One sentence about it.
    pub description: &'static str,
    /// Whether it can be bought now.
    pub in_stock: bool,
    /// What its picture shows.
    pub illustration: Illustration,
    /// The colour of its picture.
    pub colour: &'static str,
}

/// The drawings that product pictures are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Illustration {
    /// A mug or a cup.
    Mug,
    /// A teapot.
    Teapot,
    /// A plate or a bowl, seen from above.
    Plate,
    /// A lamp on a foot.
    Lamp,
    /// A folded cloth.
    Linen,
}

impl Illustration {
    /// The drawing as SVG, in the colour given.
    #[must_use]
    pub fn svg(self, colour: &str) -> String {
        let drawing = match self {
            Self::Mug => include_str!("../assets/illustrations/mug.svg"),
            Self::Teapot => include_str!("../assets/illustrations/teapot.svg"),
            Self::Plate => include_str!("../assets/illustrations/plate.svg"),
            Self::Lamp => include_str!("../assets/illustrations/lamp.svg"),
            Self::Linen => include_str!("../assets/illustrations/linen.svg"),
        };
        drawing.replace("COLOUR", colour)
    }
}

/// Every category, in the order of the navigation.
#[rustfmt::skip]
pub const CATEGORIES: &[Category] = &[
    Category { slug: "mugs", name: "Mugs", line: "For the first cup of the day" },
    Category { slug: "tea", name: "Tea", line: "Pots that pour without a drip" },
    Category { slug: "table", name: "Table", line: "Plates and bowls for every day" },
    Category { slug: "light", name: "Light", line: "Lamps for long evenings" },
    Category { slug: "linen", name: "Linen", line: "Woven to be washed often" },
];

/// Every product, cheapest first within its category.
#[rustfmt::skip]
pub const PRODUCTS: &[Product] = &[
    product("espresso-cup", "Espresso cup", "mugs", 875, "A small cup with thick walls that keep the heat.", Illustration::Mug, "#7a4a2e"),
    product("blue-mug", "Blue mug", "mugs", 1250, "Thrown by hand, glazed in harbour blue, dishwasher safe.", Illustration::Mug, "#3b6ea5"),
    product("speckled-mug", "Speckled mug", "mugs", 1400, "Oatmeal stoneware with iron speckles.", Illustration::Mug, "#b59f7b"),
    product("green-mug", "Green mug", "mugs", 1400, "A wide mug in celadon green, for soup as well.", Illustration::Mug, "#5b8a72"),
    product("glass-teapot", "Glass teapot", "tea", 3200, "Borosilicate glass with a strainer that stays put.", Illustration::Teapot, "#8fb3b0"),
    product("clay-teapot", "Clay teapot", "tea", 3800, "Unglazed red clay that mellows with every brew.", Illustration::Teapot, "#b5533c"),
    product("dinner-plate", "Dinner plate", "table", 1600, "A flat plate with a raised rim, 27 cm.", Illustration::Plate, "#d9c7a3"),
    product("serving-bowl", "Serving bowl", "table", 3400, "Deep enough for a salad for six.", Illustration::Plate, "#4f6d7a"),
    product("table-lamp", "Table lamp", "light", 4600, "An ash foot and a linen shade.", Illustration::Lamp, "#e0b256"),
    product("desk-lamp", "Desk lamp", "light", 6400, "A steady arm and a warm, dimmable light.", Illustration::Lamp, "#c8643c"),
    product("tea-towel", "Tea towel", "linen", 950, "Half linen, half cotton, dries in an hour.", Illustration::Linen, "#a14b4b"),
    Product {
        in_stock: false,
        ..product("wool-throw", "Wool throw", "linen", 7800, "Lambswool from the moor, woven double.", Illustration::Linen, "#64748b")
    },
];

/// The product on the deals page and what it costs there.
pub const DEAL: (&str, Cents) = ("clay-teapot", Cents(2850));

#[rustfmt::skip]
const fn product(sku: &'static str, name: &'static str, category: &'static str, price: u32, description: &'static str, illustration: Illustration, colour: &'static str) -> Product {
    Product { sku, name, category, price: Cents(price), description, in_stock: true, illustration, colour }
}

/// The product with this sku.
#[must_use]
pub fn find(sku: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.sku == sku)
}

/// The category with this slug.
#[must_use]
pub fn category(slug: &str) -> Option<&'static Category> {
    CATEGORIES.iter().find(|category| category.slug == slug)
}

/// The products of a category; of the whole shop where it is none.
pub fn in_category(slug: Option<&str>) -> impl Iterator<Item = &'static Product> {
    PRODUCTS
        .iter()
        .filter(move |product| slug.is_none_or(|slug| product.category == slug))
}

/// The products whose name contains the words typed, ignoring case.
pub fn search(words: &str) -> impl Iterator<Item = &'static Product> {
    let words = words.trim().to_lowercase();
    PRODUCTS
        .iter()
        .filter(move |product| !words.is_empty() && product.name.to_lowercase().contains(&words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_belongs_to_a_category_and_has_its_own_sku() {
        for (index, product) in PRODUCTS.iter().enumerate() {
            assert!(category(product.category).is_some(), "{}", product.sku);
            assert!(
                PRODUCTS[..index].iter().all(|other| other.sku != product.sku),
                "{}",
                product.sku
            );
        }
    }

    #[test]
    fn the_deal_is_cheaper_than_the_product() {
        let (sku, price) = DEAL;
        assert!(price < find(sku).unwrap().price);
    }

    #[test]
    fn search_ignores_case_and_finds_nothing_for_nothing() {
        let names: Vec<_> = search(" MUG").map(|product| product.name).collect();
        assert_eq!(names, ["Blue mug", "Speckled mug", "Green mug"]);
        assert_eq!(search("  ").count(), 0);
    }
}
