"""The things that the model can draw and the words for them; knows nothing about pixels."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Concept:
    """One thing: its name, other names for it, and the label of its drawing.

    What is `later` has its numbers in the vocabulary, but a later revision learns it.
    """

    name: str
    label: str
    other_names: tuple[str, ...] = ()
    later: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All names, the main one first."""
        return (self.name, *self.other_names)


# One thing a line: its name, then "= label" where the drawing is called otherwise, then other
# names in brackets.
_TABLE = """
apple = red apple
banana
lemon
+ pear
+ peach
cherries [cherry]
strawberry
grapes
watermelon
pineapple
+ tomato
carrot
mushroom
+ avocado
+ eggplant [aubergine]
+ corn = ear of corn
+ chili = hot pepper [chili pepper, hot pepper]
+ broccoli
+ bread [loaf of bread]
cheese = cheese wedge
egg
burger = hamburger [hamburger]
pizza [slice of pizza]
hot dog [hotdog]
+ fries = french fries [french fries]
+ donut = doughnut [doughnut]
+ cookie
+ cupcake [muffin]
birthday cake [cake]
ice cream = soft ice cream [ice cream cone]
+ candy [sweet]
+ lollipop
+ popcorn
coffee = hot beverage [cup of coffee, tea, cup of tea]
beer = beer mug [glass of beer]
+ wine = wine glass [glass of wine]
dog = dog face [puppy]
cat = cat face [kitten]
rabbit = rabbit face [bunny]
mouse = mouse face
+ bear
panda
+ koala
tiger = tiger face
lion
+ cow = cow face
pig = pig face [piglet]
frog
monkey = monkey face
+ chick = front-facing baby chick [baby chick]
penguin
owl
+ duck
fox
+ horse = horse face
unicorn
bee = honeybee [honeybee]
butterfly
ladybug = lady beetle [ladybird, beetle]
+ snail
turtle [tortoise]
octopus
fish
dolphin
+ whale = spouting whale
shark
crab
elephant
+ giraffe
+ zebra
+ sheep = ewe [lamb]
+ hedgehog
dinosaur = sauropod
+ spider
+ flamingo
+ parrot
sun [sunshine]
moon = crescent moon [crescent moon]
star
cloud
rainbow
lightning = high voltage [lightning bolt, bolt of lightning, flash]
snowflake
fire [flame]
water drop = droplet [droplet, drop of water, drop]
tree = deciduous tree
pine tree = evergreen tree [fir tree]
palm tree [palm]
cactus
tulip
rose
sunflower
flower = hibiscus [blossom]
+ maple leaf [leaf]
+ clover = four leaf clover [four leaf clover]
+ mountain = snow-capped mountain
+ volcano
+ wave = water wave [ocean wave]
earth = globe showing europe-africa [planet earth, globe]
+ saturn = ringed planet [planet]
smiling face = smiling face with smiling eyes [smiley, happy face, smile]
laughing face = face with tears of joy [laugh]
crying face = loudly crying face [weeping face]
angry face = enraged face [furious face]
+ winking face [wink]
sad face = slightly frowning face [unhappy face]
sleeping face [sleepy face]
+ surprised face = face with open mouth [astonished face]
cool face = smiling face with sunglasses [face with sunglasses]
+ face in love = smiling face with heart-eyes [love face]
robot
alien
ghost
skull
+ clown = clown face
pumpkin = jack-o-lantern [jack-o-lantern, halloween pumpkin]
+ poop = pile of poo
snowman = snowman without snow
heart = red heart [love heart]
broken heart
car = automobile [automobile]
bus = oncoming bus
taxi [cab]
+ police car
+ ambulance
fire truck = fire engine [fire engine]
truck = delivery truck [lorry]
+ tractor
bicycle [bike]
+ motorcycle [motorbike]
train = locomotive [steam train, locomotive]
rocket [spaceship, space rocket]
airplane [plane, aeroplane]
helicopter
+ ship
sailboat [boat, sailing boat]
ufo = flying saucer [flying saucer]
+ skateboard
anchor
traffic light = vertical traffic light
house [home]
castle
+ church
tent
+ ferris wheel
balloon
gift = wrapped gift [present, wrapped gift]
christmas tree
trophy [cup]
+ medal = sports medal [gold medal]
football = soccer ball [soccer ball]
basketball
+ tennis ball = tennis
guitar
+ drum
+ trumpet
+ microphone
camera
television [tv]
+ laptop [computer]
phone = mobile phone [mobile phone, smartphone]
+ alarm clock [clock]
light bulb [lamp, bulb]
candle
book = closed book
pencil
scissors
key
lock = locked [padlock]
hammer
+ magnet
bomb
umbrella = umbrella with rain drops
crown
+ top hat [hat]
+ glasses [spectacles]
sunglasses
shirt = t-shirt [t-shirt]
+ jeans [trousers]
dress
shoe = running shoe [sneaker]
backpack [rucksack]
+ ring [diamond ring]
diamond = gem stone [gem, gemstone, jewel]
+ money bag [bag of money]
+ envelope [letter, mail]
bell
+ magnifying glass = magnifying glass tilted left [magnifier]
teddy bear [teddy]
+ kite
+ dice = game die [die]
+ chair
+ bed
+ door
+ bucket
+ shield
"""


def known_concepts() -> list[Concept]:
    """The things that this revision of the model learns."""
    return [concept for concept in all_concepts() if not concept.later]


def all_concepts() -> list[Concept]:
    """Every thing, in the table's order."""
    return [_parse(line) for line in _TABLE.strip().splitlines()]


def _parse(line: str) -> Concept:
    head, _, others = line.removeprefix("+ ").partition("[")
    name, _, label = (part.strip() for part in head.partition("="))
    more = tuple(part.strip() for part in others.rstrip("] ").split(",") if part.strip())
    return Concept(name=name, label=label or name, other_names=more, later=line.startswith("+"))
