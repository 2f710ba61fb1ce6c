"""Words for what stands, swims or flies in the landscape."""

from collections.abc import Mapping

from service.demo.scenes.attributes import Kind

__all__ = ["ACTIONS", "HERDS", "KIND_THINGS", "NOUNS"]

NOUNS: Mapping[Kind, str] = {
    Kind.BALLOON: """
        balloon, hot-air balloon, hot air balloon, air balloon, aerostat, montgolfier,
        hot-air craft, flying balloon, passenger balloon, gas balloon, lighter-than-air craft,
        balloon with a basket/balloons with baskets, manned balloon""",
    Kind.BIRD: """
        bird, feathered creature, winged creature, flying bird, bird in flight/birds in flight,
        songbird, wild bird, swallow, sparrow, feathered friend, fowl, finch, hawk, migratory bird,
        falcon, starling, eagle, pigeon""",
    Kind.BOAT: """
        boat, ship, vessel, little boat, yacht, dinghy, skiff, fishing boat, watercraft,
        small craft/small craft, seagoing craft/seagoing craft, pleasure boat,
        pleasure craft/pleasure craft, vessel on the water/vessels on the water, floating vessel""",
    Kind.CAR: """
        car, automobile, motor car, vehicle, auto, motor vehicle, passenger car, hatchback, sedan,
        saloon car, motorcar, coupe, family car, road vehicle, four-wheeler, runabout, roadster,
        cab""",
    Kind.CAT: """
        cat, kitty, house cat, kitten, pussycat, feline, domestic cat, tomcat, moggy, mouser,
        puss/pusses, purring pet, alley cat, whiskered pet, meowing animal, shorthair""",
    Kind.DOG: """
        dog, doggy, puppy, hound, canine, pup, pooch/pooches, four-legged friend, mutt, terrier,
        retriever, labrador, barking animal, watchdog, faithful companion, mongrel, spaniel, collie,
        hunting dog""",
    Kind.FISH: """
        fish/fish, finned creature, tropical fish/tropical fish, sea fish/sea fish,
        swimming fish/swimming fish, reef fish/reef fish, aquarium fish/aquarium fish, guppy,
        fish with fins/fish with fins, gilled creature, scaly creature, angelfish/angelfish,
        little swimmer, snapper, marine animal, minnow""",
    Kind.HORSE: """
        horse, pony, steed, mare, stallion, riding horse, farm horse, colt, foal, equine,
        wild horse, mustang, thoroughbred, gelding, draught horse, hoofed animal, nag, filly,
        bronco, saddle horse""",
    Kind.HOUSE: """
        house, cottage, home, cabin, farmhouse, dwelling, little house, hut, country house, lodge,
        chalet, homestead, residence, family home, bungalow, villa, detached house, shack,
        farmstead, abode""",
    Kind.LIGHTHOUSE: """
        lighthouse, light house, beacon, light tower, lighthouse tower, signal tower, pharos,
        beacon tower, lantern tower, seamark, old lighthouse, navigation tower, coastal tower,
        sentinel of the coast/sentinels of the coast""",
    Kind.SHEEP: """
        sheep/sheep, lamb, ewe, woolly animal, ram, woolly sheep/woolly sheep, little lamb,
        ruminant, fleecy animal, bleating animal, merino, fleecy creature, ovine, wether""",
    Kind.TENT: """
        tent, camping tent, canvas shelter, camp, shelter, tepee, tipi, bivouac, dome tent,
        campsite, encampment, pitched tent, marquee, hiker's tent, fabric shelter, pup tent""",
    Kind.TREE: """
        tree, tall tree, leafy tree, oak, woody plant, tree with a trunk/trees with trunks, maple,
        sapling, deciduous tree, beech/beeches, linden, tree with leaves/trees with leaves, elm,
        ash/ashes, shade tree, plane tree""",
    Kind.WINDMILL: """
        windmill, old windmill, mill, grain mill, flour mill, dutch windmill,
        mill with sails/mills with sails, wind wheel, dutch mill, tower mill, corn mill,
        wind engine, old mill, gristmill, wind-powered mill, smock mill""",
}
"""Nouns, the plain ones first; a plural of its own after a stroke."""

KIND_THINGS: Mapping[str, str] = {
    "horse|cat|dog|sheep|bird|fish": """
        animals, an animal, wildlife, living creatures, fauna, a zoologist's delight, a creature,
        beasts, tame or wild animals""",
    "horse|cat|dog|sheep": "a mammal, mammals, furry animals, four-legged animals, fur, quadrupeds",
    "horse|sheep": """
        farm animals, livestock, a farm animal, herd animals, herbivores, animals with hooves""",
    "cat|dog": "pets, a pet, a furry friend, a household pet, a companion animal, paws and tails",
    "balloon|bird": "something in the sky, something flying, flight, something up in the air",
    "balloon": """
        ballooning, a balloon ride, a balloon flight, an aircraft, a basket under a balloon,
        a journey through the air, aviation, drifting with the wind, a pilot's gondola, aeronauts,
        a balloonist, the montgolfier brothers""",
    "bird": """
        wings, feathers, birdlife, ornithology, plumage, a birdwatcher's sight, birdsong,
        creatures of the air, wings and feathers""",
    "bird & sea|lake": "a seagull, seagulls, gulls, seabirds, a waterfowl",
    "black bird": "a crow, crows, a raven, a blackbird, ravens, rooks",
    "white bird": "a dove, white doves, an albatross, a white gull",
    "yellow bird": "a canary, canaries",
    "red bird": "a robin, a red cardinal",
    "blue bird": "a bluebird, a blue jay",
    "boat": """
        a boat trip, boating, seafaring, a cruise, navigation, a hull on the water, a voyage,
        a skipper's pride, a craft on the water, something afloat, a helmsman's pride""",
    "several boat": "a fleet, an armada, a flotilla",
    "boat|car": "transport, a means of transport",
    "boat|car|balloon": "travel, a trip, transportation",
    "car": """
        a driver, a motorist, wheels, four wheels, tyres and headlights, an engine on wheels,
        horsepower, a commuter, a traveller by road, bodywork and bumpers, car doors and windows,
        motoring""",
    "several car": "a convoy, traffic",
    "cat": """
        whiskers, a small predator, a soft-pawed pet, a mouse hunter, meow, claws,
        a pet that catches mice, a hunter of mice, pricked ears""",
    "orange cat": "a ginger cat, a ginger tom, a marmalade cat, a red cat, garfield",
    "black cat": "a witch's cat, a little panther, an unlucky cat",
    "dog": """
        man's best friend, a loyal pet, fido, woof, a guardian of the house,
        a four-legged companion, floppy ears, a dog's collar""",
    "black horse": "black beauty, a black stallion",
    "brown horse": "a chestnut horse, a bay horse, a bay mare, a sorrel",
    "white horse": "a grey mare, a white stallion, a unicorn without its horn, a lipizzaner",
    "horse": """
        a mane, hooves, a rider's companion, manes and tails, a noble animal, a saddle animal,
        cowboy country, an animal to ride, a thoroughbred's grace, hooves and a mane""",
    "fish": """
        fishes, fins, swimming animals, scales and fins, something swimming, swimmers with gills,
        creatures of the deep, ichthyology, aquarium dwellers, underwater animals,
        a swarm in the water""",
    "orange fish": "a goldfish, goldfish, a clownfish, clownfish, nemo",
    "several fish": "a school of fish, a shoal",
    "house": """
        a place to live, a roof and walls, housing, a roof over one's head, a farm, real estate,
        a homely place, a front door, rural living, a roof with a chimney, a holiday home,
        a property, a family's dwelling, accommodation, my home is my castle, a shed or house""",
    "several house": "a village, a hamlet, a settlement, a neighbourhood",
    "lighthouse": """
        a tower by the sea, a light for ships, a guide for sailors, a tower with a lamp,
        a maritime landmark, a guiding light, a warning light, a lighthouse keeper's home,
        a warning to sailors""",
    "lighthouse|windmill": "a landmark",
    "lighthouse|windmill|city": "a tower",
    "house|city": "walls and windows",
    "house|city|lighthouse|windmill": "a building, buildings, architecture",
    "sheep": """
        wool, a shepherd's animals, fleece, woolly backs, mary's little lamb, providers of wool,
        knitwear on legs, animals with wool""",
    "black sheep": "the black sheep of the family",
    "several sheep": "a shepherd's flock",
    "tent": """
        camping, a camping trip, campers, outdoor camping, sleeping outdoors,
        a holiday under canvas, a night under canvas, scouts, backpackers, an outdoor adventure,
        an expedition camp, a sleeping bag, a canvas roof, a camping holiday, nomads, trekking""",
    "several tent": "a tented camp, a festival camp",
    "tree|forest": "trees, treetops, branches, leaves, wood, bark and twigs, a leafy crown",
    "green tree": "a green oak, fresh foliage",
    "orange tree|red tree": """
        autumn, fall foliage, autumn leaves, autumn colours, an autumn tree, a maple in autumn,
        october, indian summer, november""",
    "pink tree|flowers": "spring, springtime",
    "pink tree": """
        a cherry tree, cherry blossom, a tree in blossom, a blossoming tree, a magnolia, sakura,
        an almond tree in bloom, an orchard in spring""",
    "windmill": """
        wind power, holland, don quixote's giants, a mill in the wind, a dutch scene,
        the netherlands, energy from the wind, blades in the breeze, vanes, propeller-like sails,
        sails and blades, a miller's tower""",
}
"""Noun phrases that stand for a kind without naming it, or for a class of kinds."""

ACTIONS: Mapping[Kind, str] = {
    Kind.BALLOON: "in the air, floating, up in the sky, in the sky, aloft, hovering",
    Kind.BIRD: "flying, in the sky, in the air, on the wing, in flight",
    Kind.BOAT: "on the water, floating, afloat",
    Kind.CAR: "in profile, seen from the side, on wheels",
    Kind.CAT: "outdoors, on the lookout, watching, looking at us, with pricked ears",
    Kind.DOG: "outdoors, with floppy ears, in profile, seen from the side",
    Kind.FISH: "swimming, in the water, swimming by, swimming around, seen from the side",
    Kind.HORSE: "outdoors, seen from the side, out of doors",
    Kind.HOUSE: """
        standing there, with a roof, in the landscape, to live in, with a chimney, with a door""",
    Kind.LIGHTHOUSE: "standing tall, rising up, towering, with a lantern room",
    Kind.SHEEP: "outdoors, standing, out at pasture, with thick wool, on thin legs",
    Kind.TENT: "pitched, set up outdoors, in the wild, set up for camping, with an open entrance",
    Kind.TREE: "growing, standing, with branches, in leaf, rooted in the ground, reaching up",
    Kind.WINDMILL: "with sails, standing tall, with big blades, in the wind",
}
"""What may follow the noun, saying nothing more than a picture of the kind shows."""

HERDS: Mapping[Kind, str] = {
    Kind.BALLOON: "a festival of, a parade of",
    Kind.BIRD: "a flock of, a swarm of, flocks of",
    Kind.BOAT: "a fleet of, a flotilla of",
    Kind.CAR: "a convoy of, a line of, a queue of",
    Kind.CAT: "a clowder of, a gang of",
    Kind.DOG: "a pack of, a gang of",
    Kind.FISH: "a school of, a shoal of, a swarm of",
    Kind.HORSE: "a herd of, a team of",
    Kind.HOUSE: "a row of, a village of",
    Kind.SHEEP: "a flock of, a herd of",
    Kind.TENT: "a camp of, a village of",
    Kind.TREE: "a row of, a stand of, a clump of",
    Kind.WINDMILL: "a row of, a line of",
}
"""What several of a kind are."""
