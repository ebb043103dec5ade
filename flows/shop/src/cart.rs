//! The cart and its arithmetic. Whether the shop shows the right sums is what most flows check, so this is
//! the one place that knows the rules of shipping.

use crate::catalogue::{self, Product};
use crate::money::Cents;

/// How many of one product a cart may hold.
pub const MOST_OF_ONE: u32 = 20;
/// What shipping costs below the threshold.
pub const SHIPPING: Cents = Cents(490);
/// From this subtotal on, shipping is free.
pub const FREE_SHIPPING_FROM: Cents = Cents(5000);

/// One product in a cart.
#[derive(Clone, Debug)]
pub struct Line {
    /// What.
    pub product: &'static Product,
    /// How many.
    pub quantity: u32,
    /// What one costs in this cart; less than the product's price for a deal.
    pub price: Cents,
}

impl Line {
    /// What the line costs.
    #[must_use]
    pub fn amount(&self) -> Cents {
        self.price * self.quantity
    }
}

/// The sums below a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// All lines.
    pub subtotal: Cents,
    /// Shipping.
    pub shipping: Cents,
    /// What is paid.
    pub total: Cents,
}

/// A visitor's cart, in the order in which things were added.
#[derive(Clone, Debug, Default)]
pub struct Cart {
    lines: Vec<Line>,
}

impl Cart {
    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// How many things are in it.
    #[must_use]
    pub fn items(&self) -> u32 {
        self.lines.iter().map(|line| line.quantity).sum()
    }

    /// How many things are in it, for a person.
    #[must_use]
    pub fn items_text(&self) -> String {
        match self.items() {
            1 => "1 item".to_owned(),
            items => format!("{items} items"),
        }
    }

    /// Adds a product; what it already holds of it then costs the same price. Quantities stop at
    /// [`MOST_OF_ONE`].
    pub fn add(&mut self, product: &'static Product, quantity: u32, price: Cents) {
        let quantity = quantity.min(MOST_OF_ONE);
        match self.lines.iter_mut().find(|line| line.product.sku == product.sku) {
            Some(line) => {
                line.quantity = (line.quantity + quantity).min(MOST_OF_ONE);
                line.price = price;
            }
            None => self.lines.push(Line {
                product,
                quantity,
                price,
            }),
        }
    }

    /// Sets how many of a product there are; 0 removes it.
    pub fn set_quantity(&mut self, sku: &str, quantity: u32) {
        if quantity == 0 {
            self.lines.retain(|line| line.product.sku != sku);
        } else if let Some(line) = self.lines.iter_mut().find(|line| line.product.sku == sku) {
            line.quantity = quantity.min(MOST_OF_ONE);
        }
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.lines.clear();
    }

    /// The sums.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let subtotal: Cents = self.lines.iter().map(Line::amount).sum();
        let ships_free = self.lines.is_empty() || subtotal >= FREE_SHIPPING_FROM;
        let shipping = if ships_free { Cents(0) } else { SHIPPING };
        Totals {
            subtotal,
            shipping,
            total: subtotal + shipping,
        }
    }

    /// The deal of the week, claimed.
    pub fn claim_deal(&mut self) {
        let (sku, price) = catalogue::DEAL;
        if let Some(product) = catalogue::find(sku) {
            self.add(product, 1, price);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cart_of(content: &[(&str, u32)]) -> Cart {
        let mut cart = Cart::default();
        for &(sku, quantity) in content {
            let product = catalogue::find(sku).unwrap();
            cart.add(product, quantity, product.price);
        }
        cart
    }

    #[test]
    fn an_empty_cart_costs_nothing() {
        assert_eq!(Cart::default().totals().total, Cents(0));
        assert_eq!(Cart::default().items_text(), "0 items");
    }

    #[test]
    fn a_small_order_pays_shipping() {
        let totals = cart_of(&[("blue-mug", 2), ("tea-towel", 1)]).totals();
        assert_eq!(
            totals,
            Totals {
                subtotal: Cents(3450),
                shipping: Cents(490),
                total: Cents(3940)
            }
        );
    }

    #[test]
    fn shipping_is_free_from_the_threshold_on() {
        assert_eq!(cart_of(&[("blue-mug", 4)]).totals().shipping, Cents(0));
        assert_eq!(cart_of(&[("blue-mug", 3)]).totals().shipping, SHIPPING);
    }

    #[test]
    fn the_same_product_is_one_line_and_stops_at_the_limit() {
        let cart = cart_of(&[("blue-mug", 15), ("blue-mug", 15)]);
        assert_eq!(cart.lines().len(), 1);
        assert_eq!(cart.items(), MOST_OF_ONE);
    }

    #[test]
    fn a_quantity_of_zero_removes_the_line() {
        let mut cart = cart_of(&[("blue-mug", 1), ("tea-towel", 1)]);
        cart.set_quantity("blue-mug", 0);
        assert_eq!(cart.items_text(), "1 item");
    }

    #[test]
    fn a_claimed_deal_costs_its_own_price() {
        let mut cart = Cart::default();
        cart.claim_deal();
        assert_eq!(cart.totals().subtotal, catalogue::DEAL.1);
    }
}
